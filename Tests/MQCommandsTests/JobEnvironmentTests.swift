import MQCore
import Testing

@testable import MQCommands

/// What a command is told of its message by its environment.
struct JobEnvironmentTests {
    private final class Warnings {
        var texts: [String] = []
    }

    private static func environment(
        _ inherited: [String] = ["PATH=/bin", "MQ_NSQ=h", "MQ_ID=outer", "MQ_ATTR_OLD=x", "TRACEPARENT=ours"],
        _ warnings: Warnings = Warnings()
    ) -> JobEnvironment {
        JobEnvironment(address: "nsq:a/b", queue: "a/b", inherited: inherited.map { Array($0.utf8) }) { warnings.texts.append($0) }
    }

    private static func text(_ entries: [[UInt8]]) -> Set<String> { Set(entries.map { String(decoding: $0, as: UTF8.self) }) }

    private static func message(_ attributes: [Attribute] = []) -> MessageProperties {
        var message = MessageProperties()
        message.attributes = attributes
        return message
    }

    @Test func everythingTheTransportKnowsIsThere() {
        var message = Self.message()
        (message.id, message.attempts, message.timestamp) = ("m1", 3, 1_700_000_000_123_456_789)
        (message.priority, message.type, message.group) = (7, 9, "g")
        let text = Self.text(Self.environment().entries(message, slot: 2, number: 41))
        #expect(
            text == [
                "PATH=/bin", "MQ_NSQ=h", "TRACEPARENT=ours", "MQ_ADDRESS=nsq:a/b", "MQ_QUEUE=a/b", "MQ_ID=m1", "MQ_ATTEMPT=3",
                "MQ_TIMESTAMP=2023-11-14T22:13:20.123456789Z", "MQ_PRIORITY=7", "MQ_TYPE=9", "MQ_GROUP=g", "MQ_SLOT=2", "MQ_NUMBER=41",
            ])
    }

    /// `mq exec` may run for a message itself.
    @Test func nothingOfAnotherMessageIsHandedOn() {
        let text = Self.text(Self.environment().entries(Self.message(), slot: 1, number: 1))
        #expect(!text.contains { $0.hasPrefix("MQ_ID") || $0.hasPrefix("MQ_ATTR_") })
        #expect(text.contains("MQ_ATTEMPT=1"))
    }

    @Test func attributesAreVariablesInUpperCase() {
        let message = Self.message([
            Attribute(name: "content-type", value: Array("a=b\nc".utf8)), Attribute(name: "ümlaut.1", value: [0xff]),
            Attribute(name: "x", value: []),
        ])
        let entries = Self.environment().entries(message, slot: 1, number: 1)
        #expect(entries.contains(Array("MQ_ATTR_CONTENT_TYPE=a=b\nc".utf8)))
        #expect(entries.contains(Array("MQ_ATTR___MLAUT_1=".utf8) + [0xff]))
        #expect(entries.contains(Array("MQ_ATTR_X=".utf8)))
    }

    @Test func aTraceIsOneOrTheOther() {
        let own = ["TRACEPARENT=ours", "TRACESTATE=s", "BAGGAGE=b"]
        let traced = Self.message([Attribute(name: "traceparent", value: Array("theirs".utf8))])
        #expect(Self.text(Self.environment(own).entries(traced, slot: 1, number: 1)).isSuperset(of: ["TRACEPARENT=theirs"]))
        #expect(Self.text(Self.environment(own).entries(traced, slot: 1, number: 1)).isDisjoint(with: own))
        let untraced = Self.message([Attribute(name: "other", value: [1])])
        #expect(Self.text(Self.environment(own).entries(untraced, slot: 1, number: 1)).isSuperset(of: own))
        #expect(Self.text(Self.environment(own).entries(slot: 1, number: nil)).isSuperset(of: own))
    }

    /// Left out, never cut; said once of each kind.
    @Test func whatAnEnvironmentCannotHoldIsLeftOutAndSaidOnce() {
        let warnings = Warnings()
        let environment = Self.environment(["PATH=/bin"], warnings)
        let longest = JobEnvironment.limit - "MQ_ATTR_LONGEST=".utf8.count - 1
        let message = Self.message([
            Attribute(name: "nul", value: [65, 0, 66]), Attribute(name: "nul2", value: [0]),
            Attribute(name: "long", value: [UInt8](repeating: 65, count: JobEnvironment.limit)),
            Attribute(name: "longest", value: [UInt8](repeating: 65, count: longest)),
            Attribute(name: "a-b", value: [65]), Attribute(name: "a.b", value: [66]),
        ])
        for number in 1...3 {
            let entries = environment.entries(message, slot: 1, number: number)
            let text = Self.text(entries)
            #expect(!text.contains { $0.hasPrefix("MQ_ATTR_NUL") || $0.hasPrefix("MQ_ATTR_LONG=") })
            #expect(text.contains("MQ_ATTR_A_B=A"))
            #expect(entries.contains { $0.count == JobEnvironment.limit - 1 }, "the longest there can be")
            #expect(entries.allSatisfy { !$0.contains(0) && $0.count < JobEnvironment.limit })
        }
        #expect(warnings.texts.count == 3, "\(warnings.texts)")
        #expect(warnings.texts.allSatisfy { $0.contains("--meta-fd") && $0.contains("MQ_ATTR_") })
    }

    @Test func allAttributesCanBeLeftOut() {
        let warnings = Warnings()
        let environment = Self.environment(["PATH=/bin"], warnings)
        let message = Self.message([Attribute(name: "a", value: [65])])
        for number in 1...2 {
            let entries = environment.entries(message, slot: 1, number: number, withAttributes: false)
            #expect(!Self.text(entries).contains { $0.hasPrefix("MQ_ATTR_") })
        }
        #expect(warnings.texts.count == 1)
    }
}
