/// What one command at a time runs in.
final class Slot {
    /// Counted from 0.
    let index: Int
    var job: ExecJob?
    /// What commands write, where they do not write to this program's streams themselves.
    var output: SlotStream?
    var errors: SlotStream?

    init(_ index: Int) { self.index = index }

    /// As commands are told it.
    var number: Int { index + 1 }
}
