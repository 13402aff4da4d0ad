/// The place of one command that lives on.
final class Seat {
    /// Counted from 0.
    let index: Int
    var coprocess: Coprocess?
    /// What it writes to standard error, where it does not write there itself.
    var errors: SlotStream?

    init(_ index: Int) { self.index = index }
}
