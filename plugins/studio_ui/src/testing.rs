//! Sample data for the tests of this crate.

use gridvox_editor::OpenLivery;
use gridvox_inference::FinishedLivery;
use gridvox_livery::TiledImage;
use gridvox_vision::report::{CameraReport, Coverage, Report, Scores};
use image::{GrayImage, RgbaImage};
use std::sync::Arc;

/// A finished livery with plausible numbers.
pub fn finished(livery: RgbaImage, confidence: GrayImage) -> FinishedLivery {
    let camera = CameraReport {
        world_from_camera: [[0.0; 4]; 4],
        focal_px: 2310.0,
        principal_point: [960.0, 640.0],
        width: 1920,
        height: 1280,
        k1: 0.0,
    };
    FinishedLivery {
        livery: Arc::new(livery),
        confidence: Arc::new(confidence),
        cameras: vec![None],
        report: Report {
            camera: camera.clone(),
            cameras: vec![camera],
            coverage: Coverage { seen: 0.41, mirrored: 0.36, invented: 0.23 },
            scores: Scores { accuracy: 96.0, semantic: 98.0, colour: 83.0, colour_delta_e: 3.4, overall: 91.0, ..Scores::default() },
            evidence: Vec::new(),
            timings_secs: [("bake".to_owned(), 0.4), ("total".to_owned(), 2.9)].into(),
            warnings: Vec::new(),
        },
    }
}

/// What is open before anything was opened.
pub fn nothing_open() -> OpenLivery {
    OpenLivery {
        image: TiledImage::filled(512, [206, 207, 208, 255]).expect("a size that liveries have"),
        path: None,
        unsaved: false,
        blank: true,
        undo: None,
        redo: None,
        base_color: [206, 207, 208],
        shows_map: false,
        revision: 0,
    }
}
