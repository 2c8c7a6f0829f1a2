//! What can be wrong with a car, each in one sentence that says what to do.

use crate::files::FileError;
use std::path::PathBuf;

/// Why a car could not be loaded or written.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// No bundled car and no folder has this name.
    #[error("there is no car \"{asked}\": use {} or the folder of a car pack", known_cars(.known))]
    UnknownCar {
        /// What was asked for.
        asked: String,
        /// Ids of the bundled cars.
        known: Vec<String>,
    },
    /// `car.toml` is not understood.
    #[error("the car's description {} can't be used: {reason}", .path.display())]
    Manifest {
        /// The manifest's file.
        path: PathBuf,
        /// What is wrong, with the place.
        reason: String,
    },
    /// The mesh file is not understood.
    #[error("the car's mesh {} can't be used: {reason}", .path.display())]
    Mesh {
        /// The mesh's file.
        path: PathBuf,
        /// What is wrong.
        reason: MeshError,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

fn known_cars(known: &[String]) -> String {
    if known.is_empty() { "a bundled car (none is installed)".to_owned() } else { known.join(", ") }
}

/// What is wrong with a mesh file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MeshError {
    /// The first bytes are not those of a GLB.
    #[error("it is not a binary glTF 2.0 file; export the mesh as .glb")]
    NotGlb,
    /// The file ends before its content does.
    #[error("it is cut short: {expected} bytes are announced and {found} are there; copy the file again")]
    Truncated {
        /// Bytes that the header announces.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The JSON part is not glTF.
    #[error("its glTF description is broken ({0}); export the mesh again")]
    Json(String),
    /// The file needs an extension that this program does not read.
    #[error("it needs {0}, which GridVox does not read; export the mesh without {hint}", hint = extension_hint(.0))]
    Extension(String),
    /// Vertex data lie in other files.
    #[error("its vertex data are not inside the file; export the mesh as one self-contained .glb")]
    ExternalBuffer,
    /// An accessor uses a form that is not read.
    #[error("part \"{part}\" has {what} in a form that GridVox does not read; export plain, uncompressed data")]
    Accessor {
        /// The part.
        part: String,
        /// `positions`, `indices` and so on.
        what: &'static str,
    },
    /// A car pack with compressed geometry.
    #[error("its geometry is compressed with Draco, which car packs can't be; bring the mesh in with gridvox car import")]
    PackCompressed,
    /// A compressed stream can't be decoded.
    #[error("the Draco data of part \"{part}\" can't be decoded; export the mesh without mesh compression")]
    Compressed {
        /// The part.
        part: String,
    },
    /// Data reach beyond the end of the file's buffer.
    #[error("the {what} of part \"{part}\" lie outside the file; export the mesh again")]
    OutOfBounds {
        /// The part.
        part: String,
        /// `positions`, `indices` and so on.
        what: &'static str,
    },
    /// A number is infinite, not a number, or farther than any car reaches.
    #[error("part \"{part}\" has {what} that are not usable numbers; clean the mesh and export it again")]
    NotFinite {
        /// The part.
        part: String,
        /// `positions` and so on.
        what: &'static str,
    },
    /// A triangle names a vertex that does not exist.
    #[error("a triangle of part \"{part}\" uses vertex {index} of {count}; export the mesh again")]
    Index {
        /// The part.
        part: String,
        /// The vertex asked for.
        index: u32,
        /// The number of vertices.
        count: usize,
    },
    /// Strips and fans.
    #[error("part \"{part}\" is not made of plain triangles; triangulate the mesh and export it again")]
    NotTriangles {
        /// The part.
        part: String,
    },
    /// A painted part has no texture coordinates.
    #[error("the painted part \"{part}\" has no texture coordinates; unwrap it and export it again")]
    NoUvs {
        /// The part.
        part: String,
    },
    /// A painted part's texture coordinates leave the texture.
    #[error("the painted part \"{part}\" has texture coordinates outside 0 to 1; move them into the texture's square")]
    UvRange {
        /// The part.
        part: String,
    },
    /// Nothing carries the livery.
    #[error("no material's name begins with {0}; name the painted materials so, or set paint.materials in car.toml")]
    NoPaint(String),
    /// Nothing that is imported matches what the person calls paint.
    #[error("nothing in it matches the paint's pattern \"{regex}\"; its materials are {names}")]
    NoMatch {
        /// The pattern.
        regex: String,
        /// The materials' names.
        names: String,
    },
    /// The mesh has no extent along an axis.
    #[error("it is flat; export the whole car")]
    Flat,
    /// There are no triangles at all.
    #[error("it holds no triangles; export the car's mesh")]
    Empty,
    /// More of something than the program handles.
    #[error("it has {found} {what} and the limit is {limit}; simplify the mesh")]
    TooMany {
        /// `vertices`, `triangles`, `parts`, `nodes`.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The node tree loops or is deeper than any modeller writes.
    #[error("its node tree is nested without end; export the mesh again")]
    Nesting,
    /// The mesh's size is far from what the manifest says.
    #[error("it is {mesh_m:.2} m long where car.toml says {manifest_m:.2} m; export it in metres with the nose to +Z")]
    Scale {
        /// Length of the mesh in metres.
        mesh_m: f32,
        /// Length in the manifest in metres.
        manifest_m: f32,
    },
    /// A wheel of the manifest names a part that the mesh lacks.
    #[error("wheel {wheel} names the part \"{part}\", which the mesh lacks; correct car.toml")]
    WheelPart {
        /// The wheel.
        wheel: String,
        /// The part.
        part: String,
    },
}

fn extension_hint(extension: &str) -> &'static str {
    if extension.contains("meshopt") {
        "mesh compression"
    } else {
        "it"
    }
}
