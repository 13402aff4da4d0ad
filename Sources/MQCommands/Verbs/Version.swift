import MQCore

struct Version: Verb {
    static let table = VerbTable("version", .about, .reads, "Print the version.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        try Results.print(Build.version + "\n")
        return .success
    }
}
