import ArgumentParser
import MQCore

/// Writes the files that are made from the program: `Scripts/generate` calls it, and a test compares.
struct Generate: Verb {
    static let configuration = CommandConfiguration(commandName: "__generate", shouldDisplay: false)

    @Argument(help: "The folder that holds man and completions.")
    var folder: String

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        for (name, text) in GeneratedFiles.all() { try LocalFile.write(Array(text.utf8), to: "\(folder)/\(name)") }
        return .success
    }
}

/// Every generated file: its path from the top of the project, and its text.
enum GeneratedFiles {
    static func all() -> [(path: String, text: String)] {
        ManPages.all().map { ("man/\($0.name)", $0.text) } + Shell.allCases.map { ("completions/\($0.fileName)", $0.script) }
    }
}
