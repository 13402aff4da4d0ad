/// Why a stand-in cannot do what it was told.
public struct StandInFailure: Error, CustomStringConvertible {
    /// A sentence without a full stop.
    public let description: String
    init(_ description: String) { self.description = description }
}
