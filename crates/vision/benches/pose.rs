//! What finding a camera costs, on the box car and a 1600 px photo.
#![expect(missing_docs, reason = "criterion's macros write undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use gridvox_vision::pose::simulate::{self, Faults};
use gridvox_vision::pose::{self, PoseHints, PreparedCar};

fn camera_of_a_photo(c: &mut Criterion) {
    let car = PreparedCar::new(&gridvox_car::testing::box_car());
    let camera = simulate::random_camera(1, (1600, 1067));
    let photo = simulate::photo(&car, &camera, 1);
    let field = simulate::field(&car, &camera, Faults::TYPICAL, 1);
    let hints = PoseHints::default();
    c.bench_function("pose/solve", |b| b.iter(|| pose::solve(&field, car.bounds(), photo.dimensions(), &hints)));
    let start = pose::solve(&field, car.bounds(), photo.dimensions(), &hints).expect("a camera");
    let mut group = c.benchmark_group("pose");
    group.sample_size(10);
    group.bench_function("refine", |b| b.iter(|| pose::refine(&car, &photo, &field, &start, &hints)));
    group.finish();
}

criterion_group!(benches, camera_of_a_photo);
criterion_main!(benches);
