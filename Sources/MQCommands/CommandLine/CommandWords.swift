import MQCore

/// The words of the command line as the system handed them over, the program's name first: bytes, as lossless text.
enum CommandWords {
    static let all: [String] = (0..<Int(CommandLine.argc)).compactMap { index in
        CommandLine.unsafeArgv[index].map { String(rawCString: $0) }
    }
}
