import MQCore
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct ExitStatusTests {
    /// The contract's table, row by row.
    static let rows: [(TransportError.Code, Int32)] = [
        (.negative, 1), (.failure, 2), (.usage, 64), (.unsupported, 64), (.malformed, 65), (.unsendable, 65), (.noSuchQueue, 66),
        (.unreachable, 69),
        (.cannotCreate, 73), (.inputOutput, 74), (.tryAgain, 75), (.protocolViolation, 76), (.permission, 77), (.configuration, 78),
    ]

    @Test func everyCodeHasItsStatus() {
        for (code, status) in Self.rows { #expect(ExitStatus.status(of: code) == status, "\(code.name)") }
    }

    @Test func aCodeOfATransportsOwnIsAFailureAtRunTime() { #expect(ExitStatus.status(of: .init("something-new")) == 2) }

    @Test func theManualPageListsEveryStatus() {
        #expect(ExitStatus.table.map(\.0) == [0, 1, 2, 64, 65, 66, 69, 73, 74, 75, 76, 77, 78, 127, 129, 130, 141, 143])
        #expect(Set(Self.rows.map(\.1)).isSubset(of: Set(ExitStatus.table.map(\.0))))
    }

    @Test func signalsAreRaisedAgain() {
        #expect([StopReason.interrupt, .terminate, .readerGone, .requested].map(\.signal) == [2, 15, 13, nil])
    }
}
