import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct ResolvedAddressTests {
    private static let aliases = [
        "jobs": "posix-mq:/jobs,maxmsg=8", "top": "posix-mq:/", "mem": "mem:work", "bad": "nope:x", "worse": "posix-mq:/q,",
        "self": "@jobs",
        "feed": "zmq:tcp://a:1,tcp://b:1",
    ]

    private func resolve(_ text: String, _ options: [String] = []) throws -> ResolvedAddress {
        try ResolvedAddress(text, options: options) { () throws(TransportError) in Self.aliases }
    }

    @Test func flagsWinOverTheAddress() throws {
        let resolved = try resolve("posix-mq:/q,maxmsg=8", ["maxmsg=9", "msgsize=1k"])
        #expect(resolved.options.integer("maxmsg") == 9)
        #expect(resolved.options.entry("maxmsg")?.source == .flag)
        #expect(resolved.options.bytes("msgsize") == 1024)
    }

    @Test(arguments: [
        ("@jobs", "posix-mq:/jobs,maxmsg=8"), ("@jobs,msgsize=1k", "posix-mq:/jobs,maxmsg=8,msgsize=1k"),
        ("@jobs?msgsize=1k", "posix-mq:/jobs,maxmsg=8,msgsize=1k"),
        ("@top/a", "posix-mq:/a"), ("@mem/a%2Cb", "mem:work/a%2Cb"), ("@mem/a/b,depth=3", "mem:work/a/b,depth=3"),
        ("@feed", "zmq:tcp://a:1,tcp://b:1"), ("@feed,linger=1s", "zmq:tcp://a:1,tcp://b:1,linger=1s"),
    ])
    func aliasesAreExpanded(text: String, printed: String) throws { #expect(try resolve(text).address.text == printed) }

    @Test func anAddressWinsOverItsAlias() throws {
        let options = try resolve("@jobs,maxmsg=9").options
        #expect(options.integer("maxmsg") == 9)
        #expect(options.entry("maxmsg")?.source == .address)
        #expect(try resolve("@jobs,maxmsg=9").address.text == "posix-mq:/jobs,maxmsg=9")
        #expect(try resolve("@jobs").options.entry("maxmsg")?.source == .alias("jobs"))
    }

    @Test func unknownAliasNamesTheNearest() {
        let error = failure { try resolve("@jbos") }
        #expect(error?.code == .usage)
        #expect(error?.sentence == "there is no alias '@jbos' (did you mean @jobs?)")
    }

    @Test(arguments: ["@bad", "@worse", "@self"])
    func aBrokenAliasIsTheConfigurationsFault(text: String) { #expect(failure { try resolve(text) }?.code == .configuration) }

    @Test func unknownSchemeNamesTheNearest() {
        #expect(failure { try resolve("posixmq:/q") }?.sentence == "unknown scheme 'posixmq:' (did you mean posix-mq:?)")
        #expect(failure { try resolve("ftp://host") }?.hint?.hasPrefix("this build knows mem, posix-mq, ") == true)
    }

    @Test func aPathIsTakenForAQueue() {
        #expect(failure { try resolve("/jobs") }?.sentence == "'/jobs' is not an address (posix-mq:/jobs?)")
        #expect(failure { try resolve("jobs") }?.code == .usage)
        #expect(failure { try resolve("-") }?.code == .usage)
    }

    @Test func optionsAreChecked() {
        #expect(failure { try resolve("posix-mq:/q,maxmgs=8") }?.hint?.hasPrefix("did you mean maxmsg?") == true)
        #expect(failure { try resolve("posix-mq:/q", ["=8"]) }?.code == .usage)
        #expect(failure { try resolve("posix-mq:/q", ["maxmsg=1", "maxmsg=2"]) }?.message == "option maxmsg is given twice")
    }

    /// Every example of every transport is an address that it takes.
    @Test func everyExampleIsUnderstood() throws {
        for descriptor in Registry.descriptors {
            for (address, _) in descriptor.examples {
                let resolved = try resolve(address)
                #expect(resolved.descriptor.name == descriptor.name)
                #expect(try resolve(resolved.address.text).address == resolved.address)
            }
        }
    }

    /// The registry repeats the schemes of the descriptors.
    @Test func everySchemeLeadsToItsTransport() throws {
        for descriptor in Registry.descriptors {
            for scheme in descriptor.schemes {
                #expect(try #require(Registry.transport(forScheme: scheme)).descriptor.name == descriptor.name, "\(scheme)")
            }
        }
        #expect(Registry.transport(forScheme: "kafka") == nil)
    }

    @Test func mutatedAddressesDoNoHarm() {
        let forms = Registry.descriptors.flatMap { $0.examples.map(\.address) } + ["@jobs/x,maxmsg=3", "@top/a?mode=0600"]
        let rounds = Fuzz.rounds { random, seed in
            var bytes = forms.randomElement(using: &random)!.bytes
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes.insert(random.bytes(upTo: 2).first ?? 0x2c, at: Int.random(in: 0...bytes.count, using: &random))
                if Bool.random(using: &random) { bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random)) }
            }
            guard let resolved = try? resolve(String(raw: bytes)) else { return }
            let again = try? resolve(resolved.address.text)
            #expect(again?.address.targets == resolved.address.targets, "seed \(seed): \(resolved.address.text.debugDescription)")
            #expect(again?.address.text == resolved.address.text, "seed \(seed)")
            _ = try? resolved.transport().explain()
        }
        #expect(rounds > 0)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ConfigurationTests {
    @Test func aliasesAreRead() throws {
        let text = #"{"later": [1, {"x": null}], "alias": {"a": "mem:a", "b": "posix-mq:/b,mode=0600"}} "#
        #expect(try Configuration.parse(text.bytes) == ["a": "mem:a", "b": "posix-mq:/b,mode=0600"])
        #expect(try Configuration.parse("{}".bytes) == [:])
    }

    @Test(arguments: ["", "[]", "{", #"{"alias": []}"#, #"{"alias": {"a": 1}}"#, #"{"alias": {"a": "mem:a"}} x"#, "alias = 1"])
    func anythingElseIsRefused(text: String) { #expect(failure { try Configuration.parse(text.bytes) } != nil) }
}
