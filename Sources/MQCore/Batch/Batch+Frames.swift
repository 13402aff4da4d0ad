extension Batch {
    /// The lengths of a message's frames, where it has several; `nil` for one.
    public borrowing func frames(of index: Int) -> [Int]? { hasProperties ? properties(of: index).frames : nil }

    /// Records the frames of the message appended last, where it has several and somebody wants to know.
    public mutating func setFrames(_ frames: ArraySlice<Int>) {
        guard wantsProperties, frames.count > 1 else { return }
        var properties = MessageProperties()
        properties.frames = Array(frames)
        setProperties(properties)
    }
}
