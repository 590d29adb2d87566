//! Events that a variant of an enum holds as separate types.

/// An enum of events with a variant that holds an event of this type.
///
/// `#[events]` implements it. `#[aggregate(events = .., init(..))]` requires it, to take the event
/// that begins the aggregate out of the enum.
#[diagnostic::on_unimplemented(
    message = "no variant of `{Self}` holds `{Held}`",
    label = "no variant holds this",
    note = "`init(..)` beside `events = ..` takes the type of an event that a variant of the enum holds: `#[event] Opened({Held})`"
)]
pub trait Holds<Held>: Sized {
    /// Whether this is the variant that holds it.
    fn holds(&self) -> bool;

    /// The event, or the same enum if it is a different variant.
    ///
    /// # Errors
    ///
    /// The enum itself.
    fn take(self) -> Result<Held, Self>;
}
