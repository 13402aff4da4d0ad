import MQCore

/// Writes the files that are made from the program: `Scripts/generate` calls it, and a test compares.
struct Generate: Verb {
    static let table = VerbTable(
        "__generate", .hidden, .reads, "Write manual pages and completion scripts.",
        operands: [
            Operand("FOLDER", .one, .folder, help: "The folder that holds man and completions."),
            Operand("CHANGELOG", .one, .file, help: "The file whose first dated heading dates the pages."),
        ])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let folder = words.word("FOLDER")!
        for (name, text) in try GeneratedFiles.all(changes: words.word("CHANGELOG")!) {
            try LocalFile.write(Array(text.utf8), to: "\(folder)/\(name)")
        }
        return .success
    }
}
