import MQCore

/// Every generated file: its path from the top of the project, and its text.
enum GeneratedFiles {
    /// - Parameter changes: the path of CHANGELOG.md.
    static func all(changes: String) throws(TransportError) -> [(path: String, text: String)] {
        let date = try ManPages.date(ofChanges: String(decoding: try LocalFile.contents(of: changes), as: UTF8.self))
        return ManPages.all(Verbs.tables, date: date).map { ("man/\($0.name)", $0.text) }
            + Shell.allCases.map { ("completions/\($0.fileName)", $0.script) }
    }
}
