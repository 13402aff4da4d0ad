/// Why a stand-in cannot do what it was told.
public struct StandInFailure: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
