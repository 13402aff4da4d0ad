import Glibc

/// A program that was started and is still to be waited for. Killed, with all of its group, when nobody holds it any more.
///
/// Its output is read only inside the calls here: a test that wants it to be blocked on a full pipe just does not call them.
public final class RunningProgram {
    /// Its process number, and that of its group.
    public let process: Int32
    private var input: CInt
    private var pending: ArraySlice<UInt8>
    private var staysOpen: Bool
    private var streams: (output: CInt, errors: CInt)
    private var exitCode: CInt?
    private let words: String
    private let start = ContinuousClock.now

    /// What was read so far.
    public private(set) var output: [UInt8] = []
    private var lineCount = 0
    /// What was read of standard error so far.
    public private(set) var errorOutput: [UInt8] = []

    init(process: Int32, input: CInt, pending: [UInt8], staysOpen: Bool, output: CInt, errors: CInt, words: String) {
        self.process = process
        self.input = input
        self.pending = pending[...]
        self.staysOpen = staysOpen
        streams = (output, errors)
        self.words = words
        for end in [input, output, errors] where end >= 0 { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }

    deinit {
        closeInput()
        close(&streams.output)
        close(&streams.errors)
        if exitCode == nil {
            kill(-process, SIGKILL)
            var code: CInt = 0
            while waitpid(process, &code, 0) < 0 && errno == EINTR {}
        }
    }

    /// What was read of standard error so far, as text.
    public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    /// What was read of standard output so far, as text.
    public var text: String { String(decoding: output, as: UTF8.self) }

    /// Sends a signal unless it has ended.
    public func send(signal: Int32) { if exitCode == nil { kill(process, signal) } }

    /// Gives more standard input, for `.open`; written by the calls that wait.
    public func write(_ bytes: some Sequence<UInt8>) { pending += Array(bytes) }

    /// Gives more standard input, and returns when the pipe has taken it.
    public func give(_ text: String) throws {
        write(text.utf8)
        try wait(until: { $0.pending.isEmpty })
    }

    /// The end of standard input, once what was given is written.
    public func endInput() {
        staysOpen = false
        if pending.isEmpty { closeInput() }
    }

    private func closeInput() { close(&input) }

    /// The reader of standard output goes away, as `head` does.
    public func closeOutput() { close(&streams.output) }

    private func close(_ descriptor: inout CInt) {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Moves bytes until `condition` holds.
    /// - Throws: `ConformanceFailure` when the time is over or the program ends first.
    public func wait(until condition: (RunningProgram) -> Bool, timeout: Duration = .seconds(10)) throws {
        let end = ContinuousClock.now + timeout
        while !condition(self) {
            if isOver {
                if condition(self) { return }
                throw ConformanceFailure("\(words): ended too early. Standard error: \(errorText)")
            }
            if ContinuousClock.now >= end { throw ConformanceFailure("\(words): not within \(timeout). Standard error: \(errorText)") }
            pump()
        }
    }

    /// Waits until standard output holds that many lines.
    public func waitForLines(_ count: Int, timeout: Duration = .seconds(10)) throws {
        try wait(until: { $0.lineCount >= count }, timeout: timeout)
    }

    /// Waits until standard error contains `text`.
    public func waitForError(_ text: String, timeout: Duration = .seconds(10)) throws {
        try wait(until: { $0.errorText.contains(text) }, timeout: timeout)
    }

    /// Waits for the end. Standard input that is still open is closed first.
    /// - Throws: `ConformanceFailure` after `timeout`; the program and its group are killed.
    public func wait(timeout: Duration = .seconds(20)) throws -> ProgramResult {
        endInput()
        let end = ContinuousClock.now + timeout
        while !isOver {
            if ContinuousClock.now >= end {
                kill(-process, SIGKILL)
                throw ConformanceFailure("\(words): still running after \(timeout). Standard error: \(errorText)")
            }
            pump()
        }
        let code = exitCode!
        let signal = code & 0x7f
        return ProgramResult(
            ending: signal == 0 ? .exited((code >> 8) & 0xff) : .signalled(signal), output: output, errorOutput: errorOutput,
            duration: ContinuousClock.now - start)
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        reap()
        return exitCode == nil
    }

    /// Ended, and everything it wrote is read. A grandchild that keeps a stream open does not count.
    private var isOver: Bool {
        reap()
        if exitCode == nil { return false }
        for _ in 0..<1000 where streams.output >= 0 || streams.errors >= 0 {
            if pump(wait: 0) == 0 { break }
        }
        return true
    }

    private func reap() {
        if exitCode != nil { return }
        var code: CInt = 0
        if waitpid(process, &code, WNOHANG) == process { exitCode = code }
    }

    /// Moves what can be moved, waiting up to `wait` ms, and returns how many streams had something.
    @discardableResult
    private func pump(wait: CInt = 5) -> Int {
        if input >= 0 && pending.isEmpty && !staysOpen { closeInput() }
        var descriptors = [
            pollfd(fd: pending.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: streams.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: streams.errors, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&descriptors, 3, wait)
        if ready <= 0 { return 0 }
        if descriptors[0].revents != 0 { feed() }
        if descriptors[1].revents != 0 {
            let end = output.count
            drain(&streams.output, into: &output)
            lineCount += output[end...].count { $0 == 0x0a }
        }
        if descriptors[2].revents != 0 { drain(&streams.errors, into: &errorOutput) }
        return Int(ready)
    }

    private func feed() {
        let count = pending.withUnsafeBytes { Glibc.write(input, $0.baseAddress!, $0.count) }
        if count > 0 {
            pending = pending.dropFirst(count)
        } else if count < 0 && errno != EAGAIN && errno != EINTR {
            // Nobody reads it any more.
            pending = []
            staysOpen = false
            closeInput()
        }
    }

    private func drain(_ descriptor: inout CInt, into bytes: inout [UInt8]) {
        let source = descriptor
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = read(source, buffer.baseAddress!, buffer.count)
            if count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { close(&descriptor) }
    }
}
