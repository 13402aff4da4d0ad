import MQCore
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct RemedyTests {
    private func words(_ verb: any Verb.Type, _ remedy: Remedy, at address: String? = "posix-mq:/jobs") -> String? {
        RemedyWords.of(verb).words(for: remedy, at: address)
    }

    @Test func aVerbNamesOnlyFlagsThatItHas() {
        #expect(words(Send.self, .skip) == "--on-error skip goes on without it")
        #expect(words(Recv.self, .skip) == nil)
        #expect(words(Send.self, .skipEmpty) == "--skip-empty leaves them out")
        #expect(words(Recv.self, .wait) == "--timeout says how long to wait")
        #expect(words(Stat.self, .wait) == nil)
        #expect(words(Send.self, .create) == "mq create posix-mq:/jobs makes it, or --create")
        #expect(words(Purge.self, .create) == "mq create posix-mq:/jobs makes it")
        #expect(words(Create.self, .ifMissing) == "--if-missing takes that for success; mq stat posix-mq:/jobs shows it")
        #expect(words(Keygen.self, .replace) == "--force replaces it")
        #expect(words(RedriveVerb.self, .destination) == "--to says where the messages go")
    }

    @Test func noVerbAdvisesItself() {
        #expect(words(Stat.self, .show("its owner")) == nil)
        #expect(words(Send.self, .show("its owner")) == "mq stat posix-mq:/jobs shows its owner")
        #expect(words(List.self, .list) == nil)
        #expect(words(Send.self, .list) == "mq list posix-mq: shows those there are")
        #expect(words(Explain.self, .explain("the region")) == nil)
    }

    @Test func theAddressIsTheOneThatWasTypedAndAWordOfTheShell() {
        let change = Remedy.reconfigure(["qbytes=9000", "set"])
        #expect(words(Send.self, change, at: "sysv:0x4d51") == "mq create sysv:0x4d51 -o qbytes=9000 -o set changes it")
        #expect(words(Send.self, change, at: "@jobs") == "mq create @jobs -o qbytes=9000 -o set changes it")
        #expect(words(Send.self, .create, at: "posix-mq:/it's")?.hasPrefix(#"mq create 'posix-mq:/it'\''s' makes it"#) == true)
        #expect(words(Stat.self, .create, at: nil) == "mq create makes it")
    }

    @Test func wordsStandBehindTheHint() {
        let error = TransportError(.permission, "denied", hint: "ask its owner", remedy: .show("its mode"))
        let worded = RemedyWords.of(Send.self).worded(error, at: "sysv:7")
        #expect(worded.sentence == "denied (ask its owner; mq stat sysv:7 shows its mode)")
        #expect(RemedyWords.of(Stat.self).worded(error, at: "sysv:7").sentence == "denied (ask its owner)")
        #expect(RemedyWords.of(Send.self).withoutFlags.words(for: .create, at: "mem:dead") == "mq create mem:dead makes it")
    }
}
