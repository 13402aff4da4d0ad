import Foundation
import MQTesting
import Testing

/// The program under test.
func mq() throws -> Executable { try Executable.mq() }

/// Runs a script of bash in which `mq` is the program under test, `$D` a private folder, and the given words are variables.
func sh(
    _ script: String, _ words: [String: String] = [:], in folder: String? = nil, input: Executable.Input = .nothing,
    timeout: Duration = .seconds(40)
) throws -> ProgramResult {
    let fixture = Fixture()
    defer { fixture.cleanUp() }
    var environment = words.mapValues { Optional($0) }
    environment["D"] = try folder ?? fixture.directory()
    return try mq().shell(script, input: input, environment: environment, timeout: timeout)
}

/// The same with brokers of its own: `mock:sqs`, `mock:nsq`, or both.
func sh(
    with brokers: String, _ script: String, _ words: [String: String] = [:], timeout: Duration = .seconds(40)
) throws -> ProgramResult {
    let words = words.merging(["BROKERS": brokers, "SCRIPT": script]) { $1 }
    return try sh(#"exec mq with $BROKERS -- bash -c "$SCRIPT""#, words, timeout: timeout)
}

/// Requires status `status` and one sentence on standard error that holds all of `words`.
func expectFailure(_ result: ProgramResult, _ status: Int32, _ words: String..., location: SourceLocation = #_sourceLocation) {
    expectFailure(result, status, words, location: location)
}

func expectFailure(_ result: ProgramResult, _ status: Int32, _ words: [String], location: SourceLocation = #_sourceLocation) {
    let text = result.errorText
    #expect(result.ending == .exited(status), "\(text)", sourceLocation: location)
    let lines = text.split(separator: "\n")
    #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("mq: ") }, "every line says who speaks: \(text)", sourceLocation: location)
    for word in words { #expect(text.contains(word), "\"\(word)\" is missing in: \(text)", sourceLocation: location) }
    expectNoRawError(text, location: location)
}

/// The same, and nothing but that sentence.
func expectSentence(_ result: ProgramResult, _ status: Int32, _ words: String..., location: SourceLocation = #_sourceLocation) {
    expectFailure(result, status, words, location: location)
    #expect(result.errorText.split(separator: "\n").count == 1, "one sentence: \(result.errorText)", sourceLocation: location)
}

/// No error numbers instead of words, no stack traces, nothing of the runtime.
func expectNoRawError(_ text: String, location: SourceLocation = #_sourceLocation) {
    for word in ["errno", "Fatal error", "Error:", "TransportError", "Optional(", " at /"] {
        #expect(!text.contains(word), "\"\(word)\" in: \(text)", sourceLocation: location)
    }
}

func expectSuccess(_ result: ProgramResult, location: SourceLocation = #_sourceLocation) {
    #expect(result.ending == .exited(0), "\(result.errorText)", sourceLocation: location)
}

/// One JSON object, by a parser that is not the program's own.
func jsonObject(_ text: some StringProtocol, location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any], "\(text)", sourceLocation: location)
}

/// The bodies of JSON records, as `recv -J` prints them and as undelivered messages appear on standard error.
func jsonBodies(_ text: String) throws -> [[UInt8]] {
    try text.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
        let object = try jsonObject(line)
        if let body = object["body"] as? String { return Array(body.utf8) }
        return Array(try #require(Data(base64Encoded: object["body64"] as? String ?? "!")))
    }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

/// `seq 1 N`, as bytes.
func numberedLines(_ count: Int) -> [UInt8] { utf8((1...count).map { "\($0)\n" }.joined()) }

/// `seq 1 N` with zeros in front: ten thousand bring `recv` to trust its reader, and a pipe holds a thousand more.
func wideNumbers(_ count: Int) -> [String] {
    (1...count).map { number in
        let digits = "\(number)"
        return String(repeating: "0", count: 60 - digits.utf8.count) + digits
    }
}

/// Tries `attempt`, which returns how long something took, up to four times: the machine may be busy, but what is
/// always late is not saved by that.
func expectPrompt(
    _ what: String, within limit: Duration = .milliseconds(300), location: SourceLocation = #_sourceLocation,
    _ attempt: () throws -> Duration
) rethrows {
    let best = try shortest(enough: limit, attempt)
    #expect(best <= limit, "\(what) took \(best)", sourceLocation: location)
}

/// Whether a process is there, and not one that has ended and that nobody collects.
func isRunning(_ process: some StringProtocol) -> Bool {
    guard let status = try? contents("/proc/\(process)/stat") else { return false }
    return !String(decoding: status, as: UTF8.self).contains(") Z ")
}

/// Starts a verb and returns once its endpoint is open.
/// - Parameter rest: what stands behind everything else, as a command does.
func startOpen(_ arguments: [String], behind rest: [String] = [], input: Executable.Input = .nothing) throws -> RunningProgram {
    let program = try mq().start(arguments + ["--ready-fd", "2"] + rest, input: input)
    // The line itself; a note may come before it.
    try program.wait(until: {
        $0.errorText.split(separator: "\n", omittingEmptySubsequences: false).dropLast().contains { !$0.hasPrefix("mq: ") }
    })
    return program
}
