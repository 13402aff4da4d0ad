internal import Glibc

/// The end of a program that has no memory for what it was given to hold: one sentence, and nothing left behind. There is nobody who
/// could be thrown an error: memory is taken in the middle of everything.
enum OutOfMemory {
    static func end(_ bytes: Int) -> Never {
        let sentence = Array("mq: no memory for \(Quantity.count(bytes, "byte"))\n".utf8)
        _ = sentence.withUnsafeBytes { SystemCall.writeAll($0, to: STDERR_FILENO) }
        ExitCleanup.runAll()
        _exit(2)
    }
}
