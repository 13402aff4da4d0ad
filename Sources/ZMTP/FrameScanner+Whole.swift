extension FrameScanner {
    /// A message as its frames came, for whoever passes it on without looking inside.
    public struct Whole: Sendable {
        /// Its bytes, headers included.
        public fileprivate(set) var length = 0
        /// The bytes of its frames without their headers.
        public fileprivate(set) var payload = 0
        /// Where the body of its first frame is, and where its second frame begins.
        public fileprivate(set) var first = 0..<0
        /// Whether an empty frame comes before the last, among all and among those behind the first.
        public fileprivate(set) var hasPath = false
        public fileprivate(set) var hasPathBehindFirst = false

        /// Whether there is more than the first frame.
        public var hasRest: Bool { first.upperBound < length }
    }

    /// What is at the front of a stream.
    public enum Glance: Sendable {
        case whole(Whole)
        /// The beginning of a message, or nothing.
        case partial
        /// Something to be looked into by `scan`: a command, what is too large or broken, the rest of a message that was begun there.
        case other
    }

    /// Looks for a whole message at the front of `bytes`, from `place` on.
    public func glance(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Glance {
        if isBetweenFrames { return .other }
        var (whole, place, frames) = (Whole(), start, 0)
        while true {
            switch FrameHeader.read(UnsafeRawBufferPointer(rebasing: bytes[place...])) {
            case .incomplete: return .partial
            case .malformed: return .other
            case .header(let header):
                // A command may come between the frames of a message.
                if header.isCommand || frames >= Self.mostFrames || header.size > largest - whole.payload { return .other }
                guard bytes.count - place - header.length >= header.size else { return .partial }
                let body = place + header.length - start
                if frames == 0 { whole.first = body..<body + header.size }
                if header.size == 0 && header.hasMore {
                    whole.hasPath = true
                    if frames > 0 { whole.hasPathBehindFirst = true }
                }
                whole.payload += header.size
                place += header.length + header.size
                frames += 1
                guard header.hasMore else {
                    whole.length = place - start
                    return .whole(whole)
                }
            }
        }
    }
}
