import Testing
import ZMTP

@Suite(.timeLimit(.minutes(1)))
struct GreetingTests {
    private func read(_ bytes: [UInt8]) -> Greeting.Reading { bytes.withUnsafeBytes { Greeting.read($0) } }

    @Test(arguments: [UInt8(0), 1, 9])
    func everyMinorVersionIsUnderstoodAndEachCutIsIncomplete(minor: UInt8) {
        let bytes = Greeting(minor: minor, mechanism: "NULL").bytes
        for cut in 0..<bytes.count { #expect(read(Array(bytes[..<cut])) == .incomplete) }
        #expect(read(bytes) == .greeting(Greeting(minor: minor, mechanism: "NULL")))
    }

    @Test func aHigherMajorIsAnsweredAsThree() {
        var bytes = Greeting().bytes
        bytes[10] = 5
        #expect(read(bytes) == .greeting(Greeting(minor: 1)))
    }

    @Test func paddingAndFillerAndTheServerFlagOfNullAreIgnored() {
        var bytes = Greeting().bytes
        for place in 1...8 { bytes[place] = 0xa5 }
        for place in 33..<64 { bytes[place] = 0x5a }
        bytes[32] = 1
        #expect(read(bytes) == .greeting(Greeting(isServer: true)))
    }

    @Test func aMechanismThatDiffersInItsLastByteIsAnother() {
        var bytes = Greeting().bytes
        bytes[31] = 1
        #expect(read(bytes) == .foreign(.unknown))
    }

    @Test(arguments: [
        ("HTTP/1.1 400 Bad Request\r\n", ForeignPeer.http), ("<!DOCTYPE HTML>\n", .http), ("SSH-2.0-OpenSSH_9.2\r\n", .ssh), ("  V2", .nsq),
        ("\u{16}\u{3}\u{1}", .tls), ("\u{1}\u{0}", .zmtp1), ("220 mail ready\r\n", .text("220 mail ready")),
    ])
    func foreignPeersHaveASentenceEach(words: String, peer: ForeignPeer) {
        #expect(read(Array(words.utf8)) == .foreign(peer))
        #expect(!peer.sentence.isEmpty)
    }

    @Test func olderVersionsAreToldApart() {
        var two = Greeting().bytes
        two[10] = 1
        #expect(read(Array(two[..<11])) == .foreign(.zmtp2))
        var one = Greeting().bytes
        one[9] = 0
        #expect(read(Array(one[..<10])) == .foreign(.zmtp1))
    }

    @Test func escapeSequencesOfAPeerAreShownHarmless() {
        let peer = read(Array("hello \u{1b}[31m there".utf8))
        guard case .foreign(let foreign) = peer else {
            Issue.record("not foreign")
            return
        }
        #expect(foreign.sentence.utf8.allSatisfy { $0 >= 0x20 })
    }
}
