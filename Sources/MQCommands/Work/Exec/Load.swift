import MQCore

/// What one run of a command is given: a message, or several as records.
struct Load {
    enum Body {
        /// Of a message, which stays where it is.
        case message(UnsafeRawBufferPointer)
        case framed([UInt8])
    }

    var positions: [Range<Int>] = []
    var body = Body.framed([])
    /// Of the message, where it is one.
    var properties: MessageProperties?
    /// Of those messages that have one.
    var ids: [String] = []
}
