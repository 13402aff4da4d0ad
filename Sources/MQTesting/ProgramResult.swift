import Glibc

/// How a program ended, and what it wrote.
public struct ProgramResult: Sendable {
    /// By a status, or by a signal.
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// How it ended.
    public let ending: Ending
    /// Standard output, whole.
    public let output: [UInt8]
    /// Standard error, whole.
    public let errorOutput: [UInt8]
    /// From its start to its end.
    public let duration: Duration

    /// Standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
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
