//! What a painter can ask for, whether by panel, shortcut or drag and drop.

use std::path::PathBuf;

use bevy::prelude::{Message, Vec2};
use gridvox_car::ViewPreset;
use gridvox_inference::Quality;
use gridvox_showroom::{EnvironmentId, Inspection, PaintFinish, PaintSlot, Softbox, ViewId, ViewLayout, ViewLight};

use crate::dock::DockChange;
use crate::imports::ImportForm;
use crate::marks::Sheet;
use crate::pictures::PictureForm;

/// A question that a file dialog answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Which photos to work from.
    Photos,
    /// Which environment to light with.
    Environment,
    /// Which car pack folder to open.
    Car,
    /// Which mesh to make a car of.
    Mesh,
    /// Which livery to open.
    Livery,
    /// Which spec map to finish the livery with.
    SpecMap,
    /// Where to save the livery.
    SaveLivery,
    /// Where to save a picture of the car.
    Picture,
    /// Where to save a turntable as an animation.
    Turntable,
    /// The folder that a turntable's pictures go to.
    TurntableFolder,
    /// The folder that packages are written to.
    ExportFolder,
    /// The simulator's own folder.
    InstallFolder,
}

/// Everything the panels can ask for. Systems of this plugin carry it out or pass it on.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum StudioCommand {
    /// Opens a file dialog.
    Ask(Ask),
    /// Adds photos of the car.
    AddPhotos(Vec<PathBuf>),
    /// Takes a photo off the list.
    RemovePhoto(usize),
    /// Shows another photo's analysis.
    SelectPhoto(usize),
    /// Starts or ends setting points on the selected photo and on the car.
    ToggleMarking,
    /// Sets a point on the selected photo, in its pixels.
    MarkPhoto(Vec2),
    /// Sets the same point on the car in a view, as shares of the view's width and height.
    MarkCar(ViewId, Vec2),
    /// Takes one of the selected photo's points away.
    RemoveMark(usize),
    /// Takes all points of the selected photo away.
    ClearMarks,
    /// Moves the picture that points are set on.
    MoveSheet(Sheet),
    /// Shows or hides the car's outline over the photos.
    ToggleOutline,
    /// Loads a bundled car by its id.
    ChooseCar(String),
    /// Loads a car pack from a folder.
    OpenCar(PathBuf),
    /// Begins to make a car of a mesh.
    BringIn(PathBuf),
    /// Changes what is said about the mesh.
    SetImport(ImportForm),
    /// Makes the car.
    RunImport,
    /// Leaves the mesh, and stops what is being made of it.
    LeaveImport,
    /// Lights all views that have no light of their own.
    SetLight(EnvironmentId),
    /// Turns the environment, in degrees.
    SetRotation(f32),
    /// Brightness in stops; 0 is as photographed.
    SetExposure(f32),
    /// Puts a softbox beside the car in the common light, or takes it away.
    SetSoftbox(Option<Softbox>),
    /// How soft a view's backdrop is, 0..=1, or as its surroundings were made.
    BlurBackdrop(ViewId, Option<f32>),
    /// The same in all views.
    BlurAllBackdrops(Option<f32>),
    /// Gives a view a lens of this focal length, in millimetres.
    SetLens(ViewId, f32),
    /// Opens a view's lens to this f-number, or sees everything sharply again.
    OpenAperture(ViewId, Option<f32>),
    /// Chooses the view that the View panel is about.
    ActivateView(ViewId),
    /// Draft or high.
    SetQuality(Quality),
    /// Saturation of the paint, 0.5..=1.5.
    SetColorBoost(f32),
    /// Makes a livery from the photos.
    Generate,
    /// Stops the run.
    CancelRun,
    /// Shows where the texels come from, or the livery again.
    ToggleConfidence,
    /// Opens a livery file.
    OpenLivery(PathBuf),
    /// Saves to the known file, or asks for one.
    Save,
    /// Saves to this file.
    SaveTo(PathBuf),
    /// Takes the livery off.
    ClearLivery,
    /// Colour below the livery, sRGB.
    SetBaseColor([u8; 3]),
    /// Finishes the paint of the whole car.
    SetFinish(PaintFinish),
    /// Shows the car in false colours, or its paint again.
    Inspect(Inspection),
    /// Reads a spec map for the livery.
    OpenSpecMap(PathBuf),
    /// Takes the livery's spec map off.
    ClearSpecMap,
    /// One step back.
    Undo,
    /// One step forward.
    Redo,
    /// Changes the export form.
    SetExport(ExportForm),
    /// Chooses where packages are written.
    SetExportFolder(PathBuf),
    /// Chooses the simulator's folder.
    SetInstallFolder(PathBuf),
    /// Writes the package.
    Export,
    /// Changes what the next picture is to be.
    SetPicture(PictureForm),
    /// Asks where the next picture goes.
    AskPicture,
    /// Takes a picture of the active view.
    TakePicture(PathBuf),
    /// Stops the picture that is being drawn.
    StopPicture,
    /// Shows a folder in the system's file manager.
    ShowFolder(PathBuf),
    /// Keeps the livery as it is now, to compare later ones with it.
    KeepVersion,
    /// Shows the kept livery in the view under the pointer, or the one being worked on again.
    Blink,
    /// Shows in false colours where the livery differs from the kept one, or the livery again.
    ToggleDifference,
    /// Moves the line between the two versions, 0..=1 of the view's width.
    SetWipe(f32),
    /// How many views are shown.
    SetLayout(ViewLayout),
    /// Saves the angle of the view under the pointer.
    SaveAngle,
    /// Looks from a saved angle, in a view or in the one under the pointer.
    ShowAngle(Option<ViewId>, usize),
    /// Gives a saved angle another name.
    RenameAngle(usize, String),
    /// Takes an angle off the list.
    DeleteAngle(usize),
    /// Shows or hides the list of saved angles.
    ToggleAngles,
    /// Lets the view go around the car by itself, or stops it; without a view, the one under the pointer.
    ToggleTurntable(Option<ViewId>),
    /// Hides all parts of the car but one, or but the one under the pointer.
    IsolatePart(Option<usize>),
    /// Hides a part of the car, or the one under the pointer.
    HidePart(Option<usize>),
    /// Shows all parts of the car.
    ShowAllParts,
    /// Puts the first view behind the selected photo's lens, or leaves it.
    ToggleMatch,
    /// Leaves the photo's lens; the view stays there, or goes back to where it was.
    LeaveMatch {
        /// It stays where the photo was taken.
        stays: bool,
    },
    /// Goes to another photo that has a camera, so many further.
    StepMatch(i32),
    /// Moves the line between photo and render, 0..=1 of the photo's width.
    SetMatchLine(f32),
    /// How much of the photo the render hides, 0..=1.
    SetMatchOpacity(f32),
    /// Shows a version of the livery in a view.
    ShowVersion(ViewId, PaintSlot),
    /// Lights a view by itself, or again as the first one.
    LightView(ViewId, Option<ViewLight>),
    /// Points a view's camera.
    SetView(ViewId, ViewPreset),
    /// Points the view under the pointer, or the first.
    SetHoveredView(ViewPreset),
    /// Brings the car back into every view.
    FitViews,
    /// Shows another folder in the studio's own file browser.
    BrowseTo(PathBuf),
    /// Takes a file or folder from the studio's own file browser.
    BrowsePick(PathBuf),
    /// Closes the studio's own file browser.
    BrowseCancel,
    /// Answers the question about a dropped picture.
    AnswerDrop(DropAnswer),
    /// Takes a notice away.
    DismissNotice(u64),
    /// Shows or hides all notices so far.
    ToggleLog,
    /// Shows or hides the list of shortcuts.
    ToggleHelp,
    /// Shows or hides all panels.
    TogglePanels,
    /// Changes where the panels lie.
    Dock(DockChange),
    /// Draws the interface at this scale in percent, or as the screen asks for.
    SetScale(Option<u16>),
    /// Draws the interface so many steps larger.
    StepScale(i32),
    /// Writes where the panels lie and how large everything is drawn.
    RememberWindow,
    /// Closes whatever lies on top, or stops the run.
    Escape,
    /// Ends the program.
    Quit,
}

/// What to do with a dropped picture that could be a livery or a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropAnswer {
    /// Open it as the livery.
    Livery,
    /// Use it as a photo.
    Photo,
    /// Nothing.
    Neither,
}

/// What the export panel holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportForm {
    /// The livery's name in the simulator.
    pub name: String,
    /// The car's livery slot.
    pub slot: u32,
    /// Texture side in pixels.
    pub size_px: u32,
    /// Packages are written below this folder.
    pub folder: Option<PathBuf>,
    /// The simulator's folder, to install at once.
    pub install: Option<PathBuf>,
}

/// Texture sizes that the export offers, in pixels.
pub const EXPORT_SIZES: [u32; 3] = [1024, 2048, 4096];

impl Default for ExportForm {
    fn default() -> Self {
        Self { name: String::new(), slot: 51, size_px: 2048, folder: None, install: None }
    }
}
