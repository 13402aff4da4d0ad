import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct OutputFormatTests {
    private static let everything: MessageProperties = {
        var properties = MessageProperties()
        properties.id = "id-1"
        properties.timestamp = 1_700_000_000_123_456_789
        properties.attempts = 3
        properties.priority = 9
        properties.type = 7
        properties.attributes = [
            Attribute(name: "a", value: "text".bytes), Attribute(name: "n", type: "Number", value: "1.50".bytes),
        ]
        properties.group = "g"
        return properties
    }()

    private func print(_ format: String, _ body: [UInt8] = "hé".bytes, _ properties: MessageProperties = OutputFormatTests.everything)
        throws
        -> String
    {
        let format = try OutputFormat(parsing: format)
        var result: [UInt8] = []
        body.withUnsafeBytes { format.write($0, properties, number: 42, queue: "mem:q", into: &result) }
        return String(decoding: result, as: UTF8.self)
    }

    @Test func theQueueOfAMessageIsNamedWhereThereAreSeveral() throws {
        var properties = MessageProperties()
        properties.queue = "orders"
        #expect(try print("%Q %s", "x".bytes, properties) == "orders x" && OutputFormat(parsing: "%Q").needsProperties)
    }

    @Test(arguments: [
        ("%s", "hé"), ("%S", "3"), ("%x", "68c3a9"), ("%b", "aMOp"), ("%t", "mem:q"), ("%Q", "mem:q"), ("%n", "42"), ("%i", "id-1"),
        ("%p", "9"),
        ("%y", "7"), ("%a", "3"),
        ("%g", "g"), ("%h{a}", "text"), ("%h{n}", "1.50"), ("%h{none}", ""), ("%h{}", ""), ("%T", "1700000000123"),
        ("%D{%s %N}", "1700000000 123456789"), ("%%", "%"),
        ("%%s", "%s"), ("%s%s\\n", "héhé\n"), ("plain", "plain"), ("", ""), ("[%n] %s\\t%p\\x21", "[42] hé\t9!"), ("%h{a}{b}", "text{b}"),
        ("%D{}", ""), ("é%né", "é42é"),
    ])
    func fieldsArePrinted(format: String, text: String) throws { #expect(try print(format) == text) }

    @Test func jsonIsTheEnvelope() throws {
        var properties = MessageProperties()
        properties.priority = 1
        #expect(try print("%j\\n", "x".bytes, properties) == "{\"body\":\"x\",\"priority\":1}\n")
    }

    @Test func whatIsNotKnownIsEmpty() throws { #expect(try print("%i|%p|%y|%a|%g|%T|%D{%s}|%h{a}", [], MessageProperties()) == "|||||||") }

    @Test func bytesAreExact() throws {
        let all = (0...255).map { UInt8($0) }
        let format = try OutputFormat(parsing: "%s\\0")
        var result: [UInt8] = []
        all.withUnsafeBytes { format.write($0, .init(), number: 1, queue: "", into: &result) }
        #expect(result == all + [0])
    }

    @Test(arguments: ["%", "a%", "%q", "%é", "% s", "%5s", "%h", "%D", "%hx", "%h{a", "%D{%s", "%h}a{", "\\q", "%\\n"])
    func mistakesAreUsageErrors(format: String) { #expect(failure { try OutputFormat(parsing: format) }?.code == .usage) }

    @Test func everyListedFieldIsOne() throws {
        for (field, _) in OutputFormat.fields { #expect(throws: Never.self) { try OutputFormat(parsing: field) } }
    }

    @Test func propertiesAreNeededOnlyWhereTheyArePrinted() throws {
        for format in ["%s %S %x %b %t %n %% p", ""] { #expect(try !OutputFormat(parsing: format).needsProperties) }
        for format in ["%j", "%i", "%p", "%y", "%a", "%g", "%h{x}", "%T", "%D{x}"] {
            #expect(try OutputFormat(parsing: format).needsProperties, "\(format)")
        }
    }

    @Test func randomTextDoesNoHarm() {
        let rounds = Fuzz.rounds(for: .milliseconds(250)) { random, seed in
            let text = String(decoding: random.bytes(upTo: 12, of: #"\x0137n%s{}hDNé"#.bytes), as: UTF8.self)
            let error = failure { try OutputFormat(parsing: text) }
            #expect(error == nil || error?.code == .usage, "seed \(seed)")
        }
        #expect(rounds > 0)
    }
}
