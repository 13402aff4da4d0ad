import MQCore
import Testing

@testable import MQCommands

/// What the end of a command means for its message.
struct JudgeTests {
    private static func judge(_ rules: String..., halt: String? = nil, timeout: Duration? = nil) throws -> Judge {
        Judge(
            try VerdictRules(parsing: rules, codes: 0...255, what: "an exit status"), timeout: timeout,
            halt: try halt.map { try HaltRule(parsing: $0) })
    }

    private static func word(_ fate: Verdict.Fate) -> String {
        switch fate {
        case .done: "ok"
        case .again(let delay): delay.map { "again \(Quantity.words($0))" } ?? "again"
        case .refused: "refused"
        case .stop: "stop"
        }
    }

    @Test(arguments: [
        (ExitReason.status(0), "ok"), (.status(75), "again"), (.status(65), "refused"), (.status(1), "again"), (.status(2), "again"),
        (.status(126), "again"), (.status(255), "again"), (.signal(9), "again"), (.signal(11), "again"),
    ])
    func statusesMeanWhatTheManualSays(exit: ExitReason, word: String) throws {
        var judge = try Self.judge()
        #expect(Self.word(judge.judge(JobEnding(exit: exit)).fate) == word)
    }

    @Test func rulesComeFirst() throws {
        var judge = try Self.judge("3,0=reject", "10-19=ok", "99=stop", "65=retry")
        for (status, word) in [(3, "refused"), (0, "refused"), (10, "ok"), (19, "ok"), (20, "again"), (99, "stop"), (65, "again")] {
            #expect(Self.word(judge.judge(JobEnding(exit: .status(CInt(status)))).fate) == word, "\(status)")
        }
    }

    @Test func whatTakesTooLongFailsHoweverItEnds() throws {
        var judge = try Self.judge("3=stop", timeout: .seconds(2))
        for exit in [ExitReason.status(0), .status(3), .status(65), .signal(15)] {
            let ruling = judge.judge(JobEnding(exit: exit, isTimedOut: true))
            #expect(Self.word(ruling.fate) == "again" && ruling.reason?.words == "not done within 2s")
        }
    }

    @Test func theReasonNamesStatusSignalAndWhatWasSaid() throws {
        var judge = try Self.judge()
        let failed = judge.judge(JobEnding(exit: .status(3), detail: Array("no disk".utf8))).reason
        #expect(failed?.words == "exit status 3" && failed?.status == "3" && failed?.detail == Array("no disk".utf8))
        let killed = judge.judge(JobEnding(exit: .signal(9))).reason
        #expect(killed?.words == "exit by signal KILL" && killed?.status == "KILL")
        #expect(judge.judge(JobEnding(exit: .status(0))).reason == nil)
    }

    /// A shell that does not find its command says so each time: every message would be used up.
    @Test(arguments: [[126], [127], [126, 127]])
    func fiveRunsInARowThatCannotBeginAreTheEnd(statuses: [CInt]) throws {
        var judge = try Self.judge()
        for number in 0..<4 { #expect(Self.word(judge.judge(JobEnding(exit: .status(statuses[number % statuses.count]))).fate) == "again") }
        // One that begins is in between.
        #expect(Self.word(judge.judge(JobEnding(exit: .status(1))).fate) == "again")
        for number in 0..<4 { #expect(Self.word(judge.judge(JobEnding(exit: .status(statuses[number % statuses.count]))).fate) == "again") }
        let last = judge.judge(JobEnding(exit: .status(127)))
        guard case .stop(let error) = last.fate else {
            Issue.record("goes on")
            return
        }
        #expect(error.message.contains("127") && last.meaning == .stop)
    }

    @Test func aRuleFor127IsNoEnd() throws {
        var judge = try Self.judge("127=retry")
        for _ in 0..<20 { #expect(Self.word(judge.judge(JobEnding(exit: .status(127))).fate) == "again") }
    }

    @Test func soManyFailuresAreTheEndOnce() throws {
        var judge = try Self.judge(halt: "fail=2")
        #expect(judge.judge(JobEnding(exit: .status(1))).end == nil)
        #expect(judge.judge(JobEnding(exit: .status(0))).end == nil)
        #expect(judge.judge(JobEnding(exit: .status(65))).end?.message == "2 of 3 jobs failed (--halt fail=2)")
        #expect(judge.judge(JobEnding(exit: .status(1))).end == nil)
    }

    @Test func aShareOfFailuresNeedsThreeOfThem() throws {
        var judge = try Self.judge(halt: "fail=50%")
        for _ in 0..<2 { #expect(judge.judge(JobEnding(exit: .status(1))).end == nil) }
        for _ in 0..<4 { #expect(judge.judge(JobEnding(exit: .status(0))).end == nil) }
        #expect(judge.judge(JobEnding(exit: .status(1))).end == nil, "3 of 7")
        #expect(judge.judge(JobEnding(exit: .status(1))).end != nil, "4 of 8")
    }

    @Test(arguments: ["", "3", "fail", "fail=", "fail=0", "fail=-1", "fail=x", "fail=0%", "fail=101%", "fail=%", "success=1", "fail=1e9x"])
    func whatIsNoLimitIsRefused(text: String) {
        #expect(throws: TransportError.self) { try HaltRule(parsing: text) }
    }
}
