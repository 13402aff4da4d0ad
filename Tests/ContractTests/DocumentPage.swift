import Foundation
import MQTesting
import Testing

/// A page of the documentation, whose examples are run by a test.
struct DocumentPage: Sendable {
    struct Example: Sendable, CustomTestStringConvertible {
        var script: String
        /// What the page says that it prints.
        var output: String
        var testDescription: String { String(script.prefix(60)) }
    }

    private let text: String

    init(_ path: String) {
        text = (try? contents("\(Executable.packageRoot)/\(path)")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The fenced blocks of a language, with what stands in the block behind "prints".
    func blocks(_ language: String) -> [Example] {
        let parts = text.components(separatedBy: "```")
        return stride(from: 1, to: parts.count, by: 2).compactMap { place in
            guard parts[place].hasPrefix("\(language)\n") else { return nil }
            let isPrinted = parts[place + 1].contains("prints") && place + 2 < parts.count
            return Example(
                script: String(parts[place].dropFirst(language.count + 1)), output: isPrinted ? String(parts[place + 2].dropFirst()) : "")
        }
    }

    /// The lines of blocks without a language that begin with `mq`.
    var commandLines: [String] { blocks("").flatMap { $0.script.split(separator: "\n").map(String.init) }.filter { $0.hasPrefix("mq ") } }
}
