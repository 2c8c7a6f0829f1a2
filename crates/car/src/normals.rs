//! Vertex normals from triangles.

use glam::Vec3;

/// Area-weighted unit normals, one for each vertex; vertices without area look up.
pub fn smooth_normals(positions: &[Vec3], indices: &[u32]) -> Vec<Vec3> {
    let mut normals = vec![Vec3::ZERO; positions.len()];
    for t in indices.chunks_exact(3) {
        let [a, b, c] = [t[0], t[1], t[2]].map(|i| positions[i as usize]);
        let area = (b - a).cross(c - a);
        for &i in t {
            normals[i as usize] += area;
        }
    }
    normals.into_iter().map(|n| n.normalize_or(Vec3::Y)).collect()
}
