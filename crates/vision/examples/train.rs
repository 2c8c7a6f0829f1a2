//! Trains the correspondence network without the rest of the program:
//! `cargo run --release -p gridvox_vision --example train -- CAR[,CAR..] OUT MINUTES [resume]`

use std::io::Write;

use gridvox_car::CarPack;
use gridvox_vision::Cancel;
use gridvox_vision::train::{TrainOptions, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cars, out, minutes, rest @ ..] = args.as_slice() else {
        return Err("say CAR[,CAR..] OUT MINUTES [resume]".into());
    };
    let packs = if cars == "box" {
        vec![gridvox_car::testing::box_pack()]
    } else {
        cars.split(',').map(CarPack::find).collect::<Result<Vec<_>, _>>()?
    };
    let options = TrainOptions {
        minutes: minutes.parse()?,
        resume: rest.iter().any(|word| word == "resume"),
        command: format!("gridvox train --car {cars} --minutes {minutes}"),
        ..TrainOptions::new(out.into())
    };
    let mut log = std::io::stdout().lock();
    let metrics = run(&packs, &options, &Cancel::new(), &mut |p| {
        let line = format!(
            "{:5.1}% step {} samples {} {:.1}/s loss {:.3} (mask {:.3} part {:.3} coord {:.3} car {:.3})",
            100.0 * p.fraction,
            p.step,
            p.samples,
            p.samples_per_second,
            p.loss.total(),
            p.loss.mask,
            p.loss.part,
            p.loss.coord,
            p.loss.car
        );
        // A closed pipe does not end the training.
        let _ = writeln!(log, "{line}").and_then(|()| match p.metrics {
            Some(metrics) => writeln!(log, "       {metrics:?}"),
            None => Ok(()),
        });
        let _ = log.flush();
    })?;
    writeln!(log, "{metrics:?}")?;
    Ok(())
}
