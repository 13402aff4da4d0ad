import MQCore

/// How the frames of a received message are shown, where that is asked for.
struct FrameOutput: Sendable {
    /// Each message is so many records; `nil` leaves its frames together.
    var count: Int?
    /// An empty frame in front of the body is taken off.
    var takesDelimiter = false

    /// The frames of a message without its delimiter.
    /// - Parameter frames: their lengths.
    /// - Returns: whether one was found, too: the first empty frame before the last.
    func frames(of frames: [Int]) -> (lengths: [Int], isAsAsked: Bool) {
        guard takesDelimiter else { return (frames, true) }
        guard let place = frames.dropLast().firstIndex(of: 0) else { return (frames, false) }
        var rest = frames
        rest.remove(at: place)
        return (rest, true)
    }
}
