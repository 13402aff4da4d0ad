internal import Glibc
internal import MQCore

/// What waiting and looking after connections need.
struct Watch {
    let clocks: Clocks
    var descriptors: [pollfd] = []
    /// When something is due for a connection.
    var due: UInt64 = 0

    init(_ clocks: Clocks) { self.clocks = clocks }
}
