import MQCore
import MQStandIns
import MQTesting
import Testing
import ZMTP

@Suite(.timeLimit(.minutes(1)))
struct SessionTests {
    @Test(arguments: Role.allCases, Role.allCases)
    func aPeerIsLetInIfItsTypeMatches(ours: Role, theirs: Role) {
        var session = Session(Session.Settings(ours), at: 0)
        let actions = opening(theirs.name).feed(&session)
        if ours.peers.contains(theirs) {
            #expect(actions.peer?.role == theirs)
        } else {
            #expect(actions.failure?.kind == .type)
            #expect(actions.failure?.isFinal == true)
            #expect(actions.failure?.farewell == Command.error("not a peer of \(ours.name)").frame)
        }
    }

    @Test func nothingButGreetingAndReadyIsSentBeforeThePeersReady() {
        var session = Session(Session.Settings(.push), at: 0)
        #expect(session.start().count == 64 + 2 + 6 + 1 + 11 + 4 + 4)
        let bytes = opening("PULL")
        #expect(Array(bytes.dropLast()).feed(&session).isEmpty)
        #expect(!session.isEstablished)
    }

    @Test func propertiesOfOursAreReadAndUnknownOnesIgnored() {
        var session = Session(Session.Settings(.push), at: 0)
        let actions = opening("PULL", minor: 0, more: [("X-Other", [1]), ("x-mq-taken", [0x31]), ("Identity", [7])]).feed(&session)
        #expect(actions.peer == Session.Peer(role: .pull, minor: 0, identity: [7], countsKept: true))
    }

    @Test(arguments: [Command.error("400").frame, [4, 9] + Array("^RROR".utf8) + [3] + Array("400".utf8)])
    func anErrorIsARefusalEvenAsThePlainServerOfLibzmqSpellsIt(frame: [UInt8]) {
        var settings = Session.Settings(.push)
        settings.mechanism = .plainClient(user: [97], password: [98])
        var session = Session(settings, at: 0)
        let actions = (Greeting(mechanism: "PLAIN").bytes + frame).feed(&session)
        #expect(actions.failure?.kind == .refused)
        #expect(session.theirReason == "400")
    }

    @Test func aMissingTypeIsLetIn() {
        var session = Session(Session.Settings(.push), at: 0)
        #expect((Greeting().bytes + Command("READY").frame).feed(&session).peer?.role == nil)
        #expect(session.isEstablished)
    }

    @Test(arguments: [
        Command("READY", [0, 0, 0, 0, 0]).frame, Command("READY", [1, 65, 0xff, 0xff, 0xff, 0xff]).frame,
        Command("READY", Metadata([("Socket-Type", Array("PULL".utf8))]).bytes + [9]).frame, [4, 0], [4, 3, 9, 65, 66],
        [5, 1, 0], [0x0c, 1, 0], [0, 1, 65], Command("WELCOME").frame, [6, 0, 0, 0, 0, 0, 1, 0, 0],
        [6, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ])
    func aBrokenHandshakeFails(frame: [UInt8]) {
        var session = Session(Session.Settings(.push), at: 0)
        #expect((Greeting().bytes + frame).feed(&session).failure?.kind == .malformed)
    }

    @Test func theReasonOfARefusalIsShownHarmless() {
        var session = Session(Session.Settings(.push), at: 0)
        let failure = (Greeting().bytes + Command.error("no\u{1b}[31m").frame).feed(&session).failure
        #expect(failure?.kind == .refused)
        #expect(failure?.sentence == "refused the connection: no\\x1b[31m")
    }

    @Test func mechanismsMustAgree() {
        var session = Session(Session.Settings(.push), at: 0)
        let failure = Greeting(mechanism: "CURVE").bytes.feed(&session).failure
        #expect(failure?.kind == .mechanism)
        #expect(failure?.sentence == "wants CURVE, and this end NULL")
    }

    /// Carries bytes between two ends until both are silent.
    private func talk(_ one: inout Session, _ other: inout Session) -> (one: [Session.Action], other: [Session.Action]) {
        var (toOther, toOne) = (one.start(), other.start())
        var said = (one: [Session.Action](), other: [Session.Action]())
        while !toOther.isEmpty || !toOne.isEmpty {
            let (first, second) = (toOne.feed(&one), toOther.feed(&other))
            said.one += first
            said.other += second
            (toOther, toOne) = (first.sent, second.sent)
        }
        return said
    }

    @Test(arguments: [("right", true), ("wrong", false)])
    func plainLetsInWhoIsOnTheList(password: String, isRight: Bool) {
        var client = Session.Settings(.push)
        client.mechanism = .plainClient(user: Array("ann".utf8), password: Array(password.utf8))
        var server = Session.Settings(.pull)
        server.mechanism = .plainServer { $0 == Array("ann".utf8) && $1 == Array("right".utf8) }
        var (one, other) = (Session(client, at: 0), Session(server, at: 0))
        let said = talk(&one, &other)
        #expect(one.isEstablished == isRight)
        #expect(other.isEstablished == isRight)
        if !isRight {
            #expect(said.other.failure?.farewell == Command.error("400").frame)
            #expect(said.other.failure?.kind == .refused)
        }
    }

    // MARK: after the handshake

    @Test func aPingIsAnsweredWithSixteenBytesOfItsContext() {
        for size in [0, 16, 17] {
            var session = established(.pull)
            let context = (0..<size).map { UInt8($0) }
            let actions = Command("PING", [0, 0] + context).frame.feed(&session)
            #expect(actions == [.pong(Command("PONG", Array(context.prefix(16))).frame)])
        }
        var session = established(.pull)
        #expect(Command("PING", [0]).frame.feed(&session).failure?.kind == .malformed)
    }

    @Test func unknownAndEmptyCommandsAreIgnoredAndMalformedOnesAreNot() {
        var session = established(.pull)
        #expect((Command("NEWS", [1, 2]).frame + [4, 0]).feed(&session).isEmpty)
        #expect([4, 2, 9, 65].feed(&session).failure?.kind == .malformed)
    }

    @Test func onlyAPublisherHearsOfSubscriptions() {
        let both =
            Session.subscription([65], minor: 1) + Session.subscription([66], minor: 0)
            + Session.subscription([65], isCancelled: true, minor: 1) + Session.subscription([66], isCancelled: true, minor: 0)
        var publisher = established(.pub)
        #expect(both.feed(&publisher) == [.subscribe([65]), .subscribe([66]), .cancel([65]), .cancel([66])])
        var receiver = established(.pull)
        #expect(Session.subscription([65], minor: 1).feed(&receiver).isEmpty)
    }

    @Test func framesOfASubscribersMultipartMessageAreNoSubscriptions() {
        var publisher = established(.pub)
        #expect((message("x", more: true) + message("\u{1}topic")).feed(&publisher).isEmpty)
        #expect(message("\u{1}topic").feed(&publisher) == [.subscribe(Array("topic".utf8))])
    }

    @Test func aReceiptCountsWhatWasWrittenBeforeItsPing() {
        var session = established(.push)
        let first = session.ping(after: 10, at: 5), second = session.ping(after: 25, at: 6)
        let pong = { (ping: [UInt8]) in Command("PONG", Array(ping.dropFirst(9))).frame }
        #expect(pong(second).feed(&session) == [.receipt(25)])
        #expect(pong(first).feed(&session).isEmpty)
        #expect(session.receipts.taken == 25)
    }

    @Test func anAnswerWithoutTheContextOrNoneGivesNoReceipts() {
        var session = established(.push)
        _ = session.ping(after: 10, at: 0)
        _ = Command("PONG").frame.feed(&session)
        #expect(session.receipts.trust == .none)
        var silent = established(.push)
        _ = silent.ping(after: 10, at: 0)
        #expect(silent.due <= 1_000_000_000)
        _ = silent.timePassed(1_000_000_000, messages: 10)
        #expect(silent.receipts.trust == .none)
    }

    @Test func aSilentPeerIsDroppedInTime() {
        var settings = Session.Settings(.push)
        settings.liveness = Liveness.Settings(interval: 100, timeout: 50, timeToLive: 9999)
        var session = Session(settings, at: 0)
        _ = opening("PULL").feed(&session, at: 0)
        let ping = session.timePassed(100, messages: 0).sent
        #expect(Array(ping.dropFirst(7).prefix(2)) == [UInt8(655 >> 8), UInt8(655 & 0xff)])
        #expect(session.timePassed(149, messages: 0).isEmpty)
        #expect(session.timePassed(150, messages: 0).failure?.kind == .silent)
    }

    @Test func aPeerOfTheVersionBeforePingsIsSentNone() {
        var settings = Session.Settings(.push)
        settings.liveness = Liveness.Settings(interval: 100)
        var session = Session(settings, at: 0)
        _ = opening("PULL", minor: 0).feed(&session, at: 0)
        #expect(session.isEstablished && session.receipts.trust == .none)
        #expect(session.timePassed(100_000, messages: 0).isEmpty && session.due == .max)
    }

    @Test func aPeersTimeToLiveIsKept() {
        var session = established(.pull)
        _ = Command("PING", [0, 2]).frame.feed(&session, at: 1000)
        #expect(session.timePassed(200_000_999, messages: 0).isEmpty)
        #expect(session.timePassed(200_001_000, messages: 0).failure?.kind == .silent)
    }

    @Test func aHandshakeThatTakesTooLongFails() {
        var session = Session(Session.Settings(.push), at: 0)
        #expect(session.timePassed(30_000_000_000, messages: 0).failure?.kind == .silent)
        var foreign = Session(Session.Settings(.push), at: 0)
        #expect([0x48, 0x54].withUnsafeBytes { _ in [UInt8(0x48)].withUnsafeBytes { foreign.ended($0) } }?.kind == .foreign(.text("H")))
    }

    // MARK: fuzz

    @Test func howeverAStreamIsCutTheActionsAreTheSame() {
        let rounds = Fuzz.rounds { generator, seed in
            let role = Role.allCases.randomElement(using: &generator)!
            var stream = opening(role.peers.randomElement(using: &generator)!.name, minor: UInt8.random(in: 0...1, using: &generator))
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                let topic = (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: stream += Command("PING", [0, 3] + topic.prefix(20)).frame
                case 1: stream += Command("PONG", topic).frame
                case 2: stream += Session.subscription(topic, minor: 1)
                case 3: stream += Session.kept(UInt64.random(in: 0...9, using: &generator))
                case 4: if role.publishes { stream += Session.subscription(topic, minor: 0) }
                default: stream += Command("OTHER", topic).frame
                }
            }
            if Bool.random(using: &generator) {
                stream[Int.random(in: 0..<stream.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            var (whole, cut) = (Session(Session.Settings(role), at: 0), Session(Session.Settings(role), at: 0))
            let expected = stream.feed(&whole)
            let seen = stream.feed(&cut, by: Int.random(in: 1...40, using: &generator))
            // A foreign peer is named by what has come so far.
            if case .foreign = expected.failure?.kind { return }
            #expect(seen == expected, "seed \(seed)")
        }
        #expect(rounds > 10)
    }

    @Test func noiseNeverTraps() {
        let rounds = Fuzz.rounds { generator, _ in
            var noise = Bool.random(using: &generator) ? opening("PULL") : []
            noise += (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var session = Session(Session.Settings(.push), at: 0)
            _ = noise.feed(&session, by: 7)
            _ = session.timePassed(.max / 2, messages: 1)
        }
        #expect(rounds > 10)
    }
}
