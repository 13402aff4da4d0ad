struct SQSAttribute: Sendable {
    var name: String
    var type: String
    /// Binary values are undone base64.
    var value: [UInt8]
    var isBinary: Bool
}
