//! The camera as the solver moves it: double precision, ten parameters, analytic derivatives.
//!
//! [`gridvox_car::PhotoCamera`] is the one definition of projection; this is the same projection in the form that least
//! squares likes. The camera's axes are x right, y down, z forward. The rotation turns about the car's centre, and focal
//! length and distance are split into a dolly (distance alone) and a zoom (focal length and distance together at equal
//! magnification), so the ten directions are nearly independent.

use glam::{DMat3, DVec3, Mat3, Mat4, Vec2, Vec3};
use gridvox_car::PhotoCamera;
use nalgebra::{Matrix3, Rotation3, SMatrix, SVector, Vector2, Vector3};

/// Number of camera parameters: rotation 3, translation 3, zoom, k1, principal point 2.
pub const PARAMETERS: usize = 10;
/// Index of the zoom (log focal length) among the parameters.
pub const ZOOM: usize = 6;
/// Index of the radial distortion among the parameters.
pub const K1: usize = 7;
/// Index of the principal point's x among the parameters.
pub const PRINCIPAL_X: usize = 8;

/// A step in the ten parameters.
pub type Step = SVector<f64, PARAMETERS>;
/// Derivative of a pixel position by the ten parameters.
pub type PixelJacobian = SMatrix<f64, 2, PARAMETERS>;

/// A camera in double precision, see the module's page for its axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraModel {
    /// From the car's axes to the camera's.
    pub rotation: Matrix3<f64>,
    /// The car's centre in the camera's space, metres; z is its distance.
    pub translation: Vector3<f64>,
    /// The point of the car that the rotation turns about, metres.
    pub centre: Vector3<f64>,
    /// Focal length in pixels.
    pub focal_px: f64,
    /// Where the optical axis meets the image, pixels.
    pub principal_point: Vector2<f64>,
    /// Radial distortion.
    pub k1: f64,
    /// Image width, pixels.
    pub width: u32,
    /// Image height, pixels.
    pub height: u32,
}

impl CameraModel {
    /// The same camera as `camera`, turning about `centre`.
    pub fn from_camera(camera: &PhotoCamera, centre: Vec3) -> Self {
        let m = camera.world_from_camera;
        let world_from_view = DMat3::from_cols(
            m.x_axis.truncate().as_dvec3(),
            m.y_axis.truncate().as_dvec3(),
            m.z_axis.truncate().as_dvec3(),
        );
        let view_from_world = world_from_view.transpose();
        let rotation = Matrix3::from_fn(|r, c| if r == 0 { 1.0 } else { -1.0 } * view_from_world.col(c)[r]);
        let offset = (centre - m.w_axis.truncate()).as_dvec3();
        Self {
            rotation,
            translation: rotation * vector(offset),
            centre: vector(centre.as_dvec3()),
            focal_px: f64::from(camera.focal_px),
            principal_point: Vector2::new(f64::from(camera.principal_point.x), f64::from(camera.principal_point.y)),
            k1: f64::from(camera.k1),
            width: camera.width,
            height: camera.height,
        }
    }

    /// Back to the type that the rest of the program uses.
    pub fn to_camera(&self) -> PhotoCamera {
        let row = |r: usize, sign: f64| {
            Vec3::new(self.rotation[(r, 0)] as f32, self.rotation[(r, 1)] as f32, self.rotation[(r, 2)] as f32)
                * sign as f32
        };
        let axes = Mat3::from_cols(row(0, 1.0), row(1, -1.0), row(2, -1.0));
        let eye = self.centre - self.rotation.transpose() * self.translation;
        PhotoCamera {
            world_from_camera: Mat4::from_cols(
                axes.x_axis.extend(0.0),
                axes.y_axis.extend(0.0),
                axes.z_axis.extend(0.0),
                Vec3::new(eye.x as f32, eye.y as f32, eye.z as f32).extend(1.0),
            ),
            focal_px: self.focal_px as f32,
            principal_point: Vec2::new(self.principal_point.x as f32, self.principal_point.y as f32),
            width: self.width,
            height: self.height,
            k1: self.k1 as f32,
        }
    }

    /// A point of the car in the camera's space, metres.
    pub fn to_view(&self, point: &Vector3<f64>) -> Vector3<f64> {
        self.rotation * (point - self.centre) + self.translation
    }

    /// Where a point of the car lands in pixels, or `None` when it lies at or behind the camera.
    pub fn project(&self, point: &Vector3<f64>) -> Option<Vector2<f64>> {
        let view = self.to_view(point);
        if view.z < 1e-3 {
            return None;
        }
        let n = view.xy() / view.z;
        Some(self.principal_point + n * (self.focal_px * (1.0 + self.k1 * n.norm_squared())))
    }

    /// As [`Self::project`], with the derivative by the ten parameters.
    pub fn project_with_jacobian(&self, point: &Vector3<f64>) -> Option<(Vector2<f64>, PixelJacobian)> {
        let turned = self.rotation * (point - self.centre);
        let view = turned + self.translation;
        if view.z < 1e-3 {
            return None;
        }
        let inv = 1.0 / view.z;
        let n = view.xy() * inv;
        let r2 = n.norm_squared();
        let bend = 1.0 + self.k1 * r2;
        let offset = n * (self.focal_px * bend);
        let (f, k) = (self.focal_px * inv, 2.0 * self.k1);
        let (a, b, d) = (f * (bend + k * n.x * n.x), f * k * n.x * n.y, f * (bend + k * n.y * n.y));
        let dx = Vector3::new(a, b, -(a * n.x + b * n.y));
        let dy = Vector3::new(b, d, -(b * n.x + d * n.y));
        let (wx, wy) = (turned.cross(&dx), turned.cross(&dy));
        let z = self.translation.z;
        let by_k1 = n * (self.focal_px * r2);
        let jacobian = PixelJacobian::from_row_slice(&[
            wx.x, wx.y, wx.z, dx.x, dx.y, dx.z, offset.x + dx.z * z, by_k1.x, 1.0, 0.0, //
            wy.x, wy.y, wy.z, dy.x, dy.y, dy.z, offset.y + dy.z * z, by_k1.y, 0.0, 1.0,
        ]);
        Some((self.principal_point + offset, jacobian))
    }

    /// The camera after a step in the parameters.
    pub fn moved(&self, step: &Step) -> Self {
        let turn = Rotation3::new(Vector3::new(step[0], step[1], step[2]));
        let zoom = step[ZOOM].clamp(-0.7, 0.7).exp();
        let mut translation = self.translation + Vector3::new(step[3], step[4], step[5]);
        translation.z *= zoom;
        Self {
            rotation: Rotation3::from_matrix_unchecked(turn.matrix() * self.rotation).renormalised(),
            translation,
            focal_px: self.focal_px * zoom,
            k1: (self.k1 + step[K1]).clamp(-0.3, 0.3),
            principal_point: self.principal_point + Vector2::new(step[PRINCIPAL_X], step[PRINCIPAL_X + 1]),
            ..*self
        }
    }

    /// Pixels per metre at the car's centre.
    pub fn magnification(&self) -> f64 {
        self.focal_px / self.translation.z
    }
}

trait Renormalise {
    fn renormalised(self) -> Matrix3<f64>;
}

impl Renormalise for Rotation3<f64> {
    /// Gram-Schmidt against the drift of many small steps.
    fn renormalised(self) -> Matrix3<f64> {
        let m = self.into_inner();
        let x = m.column(0).normalize();
        let y = (m.column(1) - x * x.dot(&m.column(1))).normalize();
        Matrix3::from_columns(&[x, y, x.cross(&y)])
    }
}

/// glam to nalgebra.
pub fn vector(v: DVec3) -> Vector3<f64> {
    Vector3::new(v.x, v.y, v.z)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> PhotoCamera {
        let mut camera =
            PhotoCamera::look_at(Vec3::new(3.0, 1.4, 6.0), Vec3::new(0.2, 0.5, -0.1), Vec3::Y, 1700.0, 1600, 1067);
        camera.k1 = -0.04;
        camera.principal_point += Vec2::new(7.0, -11.0);
        camera
    }

    #[test]
    fn it_projects_as_the_photo_camera_does() {
        let camera = camera();
        let model = CameraModel::from_camera(&camera, Vec3::new(0.0, 0.6, 0.0));
        for point in [Vec3::new(1.0, 0.2, 2.0), Vec3::new(-0.8, 1.1, -1.5), Vec3::ZERO] {
            let expected = camera.project(point).expect("in front").truncate();
            for m in [model, CameraModel::from_camera(&model.to_camera(), Vec3::ZERO)] {
                let p = m.project(&vector(point.as_dvec3())).expect("in front");
                assert!((p.x - f64::from(expected.x)).abs() < 2e-2 && (p.y - f64::from(expected.y)).abs() < 2e-2);
            }
        }
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let model = CameraModel::from_camera(&camera(), Vec3::new(0.0, 0.6, 0.0));
        let point = Vector3::new(0.9, 0.3, 1.7);
        let (_, jacobian) = model.project_with_jacobian(&point).expect("in front");
        for i in 0..PARAMETERS {
            let mut step = Step::zeros();
            step[i] = 1e-6;
            let ahead = model.moved(&step).project(&point).expect("in front");
            let behind = model.moved(&-step).project(&point).expect("in front");
            let numeric = (ahead - behind) / 2e-6;
            assert!((numeric - jacobian.column(i)).norm() < 1e-3 * (1.0 + numeric.norm()), "parameter {i}");
        }
    }
}
