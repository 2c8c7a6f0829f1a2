//! Robust Levenberg-Marquardt over the camera's parameters.

use super::model::{CameraModel, K1, PARAMETERS, PRINCIPAL_X, Step, ZOOM};
use nalgebra::{SMatrix, Vector2, Vector3};

/// Normal equations of all ten parameters.
pub type Information = SMatrix<f64, PARAMETERS, PARAMETERS>;

/// A point of the car that should land on a pixel.
#[derive(Debug, Clone, Copy)]
pub struct PointTerm {
    /// Metres.
    pub point: Vector3<f64>,
    /// Photo pixels.
    pub pixel: Vector2<f64>,
    /// One over the standard deviation in pixels.
    pub inv_sigma: f64,
    /// Weight of the squared, whitened residual.
    pub weight: f64,
}

/// A point of the car that should land on a line of the image.
#[derive(Debug, Clone, Copy)]
pub struct LineTerm {
    /// Metres.
    pub point: Vector3<f64>,
    /// A pixel on the line.
    pub pixel: Vector2<f64>,
    /// Unit normal of the line.
    pub normal: Vector2<f64>,
    /// One over the standard deviation in pixels.
    pub inv_sigma: f64,
    /// Weight of the squared, whitened residual.
    pub weight: f64,
}

/// Gaussian beliefs about the lens.
#[derive(Debug, Clone, Copy)]
pub struct LensPrior {
    /// Mean and standard deviation of the log focal length in pixels.
    pub log_focal: (f64, f64),
    /// Standard deviation of k1 around 0.
    pub k1_sigma: f64,
    /// Standard deviation of the principal point around the image's middle, pixels.
    pub principal_sigma_px: f64,
}

/// Everything that pulls at the camera.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Dense correspondences, under the robust loss.
    pub points: &'a [PointTerm],
    /// Edges, as plain weighted squares: their robustness lies in the weights.
    pub lines: &'a [LineTerm],
    /// Marked by hand, as plain squares.
    pub pairs: &'a [PointTerm],
    /// Beliefs about the lens.
    pub prior: LensPrior,
}

/// Which parameters may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// The three angles.
    pub rotation: bool,
    /// Focal length.
    pub zoom: bool,
    /// Radial distortion.
    pub k1: bool,
    /// Principal point.
    pub principal_point: bool,
}

impl Free {
    /// A camera with the principal point in the middle and no distortion.
    pub const PINHOLE: Self = Self { rotation: true, zoom: true, k1: false, principal_point: false };

    fn allows(self, parameter: usize) -> bool {
        match parameter {
            0..=2 => self.rotation,
            ZOOM => self.zoom,
            K1 => self.k1,
            p if p >= PRINCIPAL_X => self.principal_point,
            _ => true,
        }
    }
}

/// The camera after least squares.
#[derive(Debug, Clone, Copy)]
pub struct Adjusted {
    /// The camera.
    pub model: CameraModel,
    /// Normal equations at the end; fixed parameters have a unit diagonal.
    pub information: Information,
    /// Sum of all terms and beliefs.
    pub cost: f64,
}

impl Adjusted {
    /// Standard deviation of the log focal length, when every observation is independent.
    pub fn zoom_sigma(&self) -> f64 {
        self.information.try_inverse().map_or(1.0, |inverse| inverse[(ZOOM, ZOOM)].max(0.0).sqrt())
    }
}

/// Standard deviation of the sine of the camera's roll.
const ROLL_SIGMA: f64 = 0.06;
/// How far below the road's level a camera stands at times, on a bank or a kerb, metres.
const BELOW_ROAD_SIGMA_M: f64 = 0.05;
/// Cauchy scale of whitened point residuals: 95 % efficiency on Gaussian noise.
const CAUCHY: f64 = 2.385;

/// Moves `start` to the least robust cost. Points behind the camera count as far outliers.
pub fn adjust(start: &CameraModel, terms: &Terms<'_>, free: Free, iterations: usize) -> Adjusted {
    let mut best = evaluate(start, terms, free);
    let mut damping = 1e-3;
    for _ in 0..iterations {
        let mut damped = best.information;
        for i in 0..PARAMETERS {
            damped[(i, i)] *= 1.0 + damping;
            damped[(i, i)] += 1e-9;
        }
        let Some(factor) = damped.cholesky() else {
            damping *= 10.0;
            continue;
        };
        let step = factor.solve(&-best.gradient);
        let trial = evaluate(&best.model.moved(&step), terms, free);
        if trial.cost < best.cost {
            let gain = best.cost - trial.cost;
            best = trial;
            damping = (damping * 0.2).max(1e-9);
            if gain < 1e-7 * best.cost {
                break;
            }
        } else {
            damping *= 8.0;
            if damping > 1e8 {
                break;
            }
        }
    }
    Adjusted { model: best.model, information: best.information, cost: best.cost }
}

struct Evaluated {
    model: CameraModel,
    cost: f64,
    gradient: Step,
    information: Information,
}

fn evaluate(model: &CameraModel, terms: &Terms<'_>, free: Free) -> Evaluated {
    let mut sums = Sums { cost: 0.0, gradient: Step::zeros(), information: Information::zeros() };
    let c2 = CAUCHY * CAUCHY;
    for term in terms.points {
        let Some((pixel, jacobian)) = model.project_with_jacobian(&term.point) else {
            sums.cost += term.weight * c2 * 10.0;
            continue;
        };
        let r = (pixel - term.pixel) * term.inv_sigma;
        let r2 = r.norm_squared();
        sums.cost += term.weight * c2 * (1.0 + r2 / c2).ln();
        let weight = term.weight / (1.0 + r2 / c2) * term.inv_sigma;
        sums.add(&jacobian.row(0).transpose(), r.x, weight, weight * term.inv_sigma);
        sums.add(&jacobian.row(1).transpose(), r.y, weight, weight * term.inv_sigma);
    }
    for term in terms.lines {
        let Some((pixel, jacobian)) = model.project_with_jacobian(&term.point) else { continue };
        let r = (pixel - term.pixel).dot(&term.normal) * term.inv_sigma;
        sums.cost += term.weight * r * r;
        let weight = term.weight * term.inv_sigma;
        sums.add(&(jacobian.transpose() * term.normal), r, weight, weight * term.inv_sigma);
    }
    for term in terms.pairs {
        let Some((pixel, jacobian)) = model.project_with_jacobian(&term.point) else {
            sums.cost += term.weight * 1e6;
            continue;
        };
        let r = (pixel - term.pixel) * term.inv_sigma;
        sums.cost += term.weight * r.norm_squared();
        let weight = term.weight * term.inv_sigma;
        sums.add(&jacobian.row(0).transpose(), r.x, weight, weight * term.inv_sigma);
        sums.add(&jacobian.row(1).transpose(), r.y, weight, weight * term.inv_sigma);
    }
    let prior = &terms.prior;
    sums.believe(ZOOM, model.focal_px.ln() - prior.log_focal.0, prior.log_focal.1);
    sums.believe(K1, model.k1, prior.k1_sigma);
    sums.believe_stance(model);
    let middle = Vector2::new(f64::from(model.width), f64::from(model.height)) * 0.5;
    sums.believe(PRINCIPAL_X, model.principal_point.x - middle.x, prior.principal_sigma_px);
    sums.believe(PRINCIPAL_X + 1, model.principal_point.y - middle.y, prior.principal_sigma_px);
    sums.information.fill_lower_triangle_with_upper_triangle();
    for i in (0..PARAMETERS).filter(|&i| !free.allows(i)) {
        sums.information.row_mut(i).fill(0.0);
        sums.information.column_mut(i).fill(0.0);
        sums.information[(i, i)] = 1.0;
        sums.gradient[i] = 0.0;
    }
    Evaluated { model: *model, cost: sums.cost, gradient: sums.gradient, information: sums.information }
}

struct Sums {
    cost: f64,
    gradient: Step,
    information: Information,
}

impl Sums {
    /// Adds one scalar residual; `slope` scales the gradient, `curvature` the upper triangle of the normal equations.
    fn add(&mut self, row: &Step, residual: f64, slope: f64, curvature: f64) {
        self.gradient += row * (slope * residual);
        for c in 0..PARAMETERS {
            let w = row[c] * curvature;
            for r in 0..=c {
                self.information[(r, c)] += row[r] * w;
            }
        }
    }

    /// Cameras are held about level and do not look up from below the road.
    fn believe_stance(&mut self, model: &CameraModel) {
        let up = model.rotation.column(1).into_owned();
        let mut roll = Step::zeros();
        (roll[1], roll[2]) = (up.z, -up.y);
        let inv = 1.0 / (ROLL_SIGMA * ROLL_SIGMA);
        self.cost += up.x * up.x * inv;
        self.add(&roll, up.x, inv, inv);

        let height = model.centre.y - up.dot(&model.translation);
        if height < 0.0 {
            let turn = model.translation.cross(&up);
            let zoom = -up.z * model.translation.z;
            let row = Step::from_column_slice(&[turn.x, turn.y, turn.z, -up.x, -up.y, -up.z, zoom, 0.0, 0.0, 0.0]);
            let inv = 1.0 / (BELOW_ROAD_SIGMA_M * BELOW_ROAD_SIGMA_M);
            self.cost += height * height * inv;
            self.add(&row, height, inv, inv);
        }
    }

    fn believe(&mut self, parameter: usize, residual: f64, sigma: f64) {
        let inv = 1.0 / (sigma * sigma);
        self.cost += residual * residual * inv;
        self.gradient[parameter] += residual * inv;
        self.information[(parameter, parameter)] += inv;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;
    use gridvox_car::PhotoCamera;

    fn from(eye: Vec3, up: Vec3) -> CameraModel {
        let camera = PhotoCamera::look_at(eye, Vec3::new(0.1, 0.5, -0.1), up, 1700.0, 1600, 1067);
        CameraModel::from_camera(&camera, Vec3::new(0.0, 0.6, 0.0))
    }

    fn stance(model: &CameraModel) -> Sums {
        let mut sums = Sums { cost: 0.0, gradient: Step::zeros(), information: Information::zeros() };
        sums.believe_stance(model);
        sums
    }

    #[test]
    fn the_pull_of_the_stance_is_the_slope_of_its_cost() {
        for (eye, up) in [
            (Vec3::new(3.0, -0.4, 6.0), Vec3::Y),
            (Vec3::new(-5.0, -0.1, 2.0), Vec3::new(0.1, 1.0, 0.05)),
            (Vec3::new(4.0, 1.5, -3.0), Vec3::new(-0.2, 1.0, 0.0)),
        ] {
            let model = from(eye, up);
            let pull = stance(&model).gradient;
            for i in 0..PARAMETERS {
                let mut step = Step::zeros();
                step[i] = 1e-6;
                let slope = (stance(&model.moved(&step)).cost - stance(&model.moved(&-step)).cost) / 4e-6;
                assert!((slope - pull[i]).abs() < 1e-3 * (1.0 + slope.abs()), "parameter {i}: {slope} and {}", pull[i]);
            }
        }
    }

    #[test]
    fn a_level_camera_above_the_road_is_left_alone() {
        assert!(stance(&from(Vec3::new(3.0, 1.4, 6.0), Vec3::Y)).cost < 1e-9);
        assert!(stance(&from(Vec3::new(3.0, -0.5, 6.0), Vec3::Y)).cost > 50.0);
    }
}
