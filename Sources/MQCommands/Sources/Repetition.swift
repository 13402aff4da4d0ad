/// How often the messages of the command line are sent.
enum Repetition: Equatable {
    case times(Int)
    case forever

    /// Whether another round follows after so many.
    func goesOn(after rounds: Int) -> Bool {
        switch self {
        case .times(let count): rounds < count
        case .forever: true
        }
    }
}
