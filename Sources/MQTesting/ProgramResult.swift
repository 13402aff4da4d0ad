import Glibc

/// How a program ended, and what it wrote.
public struct ProgramResult: Sendable {
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    public let ending: Ending
    public let output: [UInt8]
    public let errorOutput: [UInt8]
    public let duration: Duration

    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    /// Lines of standard output, without the last newline.
    public var lines: [String] {
        var all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if all.last == "" { all.removeLast() }
        return all
    }
    /// As the shell shows it: the exit status, or 128 and the signal.
    public var status: Int32 {
        switch ending {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        }
    }
}
