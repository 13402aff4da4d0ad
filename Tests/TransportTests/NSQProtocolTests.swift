import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

@Suite("nsq protocol", .timeLimit(.minutes(1)))
struct NSQProtocolTests {
    // MARK: Frames

    private static func frame(_ kind: UInt32, _ data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Command.append(UInt32(data.count + 4), to: &bytes)
        Command.append(kind, to: &bytes)
        return bytes + data
    }

    /// All frames that come out of the pieces, copied.
    private static func decode(_ pieces: [[UInt8]], capacity: Int = 64) throws -> [(UInt32, [UInt8])] {
        var decoder = FrameDecoder(capacity: capacity)
        var frames: [(UInt32, [UInt8])] = []
        for piece in pieces {
            piece.withUnsafeBytes { decoder.append($0) }
            var peeked = 0
            decoder.peekFrames { _ in peeked += 1 }
            while let frame = try decoder.next() {
                frames.append((frame.kind.rawValue, Array(frame.data)))
                peeked -= 1
            }
            #expect(peeked == 0)
        }
        return frames
    }

    @Test func framesComeOutWholeHoweverTheBytesAreDivided() {
        let rounds = Fuzz.rounds { generator, seed in
            let sent = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                (UInt32.random(in: 0...2, using: &generator), generator.bytes(upTo: 300))
            }
            let wire = sent.flatMap { Self.frame($0.0, $0.1) }
            let capacity = Int.random(in: 1...512, using: &generator)
            let got = try? Self.decode(generator.pieces(wire, upTo: 40), capacity: capacity)
            #expect(got?.map(\.0) == sent.map(\.0) && got?.map(\.1) == sent.map(\.1), "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test func anyBytesAreFramesOrAProtocolErrorAndNeverACrash() {
        let rounds = Fuzz.rounds { generator, seed in
            // Mostly small sizes, so that frames are found and their data read.
            var wire: [UInt8] = []
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                wire += [0, 0, 0, UInt8.random(in: 0...40, using: &generator), 0, 0, 0, UInt8.random(in: 0...3, using: &generator)]
                wire += generator.bytes(upTo: 50)
            }
            var decoder = FrameDecoder(capacity: 16)
            do {
                for piece in generator.pieces(wire, upTo: 30) {
                    piece.withUnsafeBytes { decoder.append($0) }
                    while let frame = try decoder.next() {
                        switch frame.kind {
                        case .message:
                            let message = try MessageView(frame)
                            #expect(message.body.count == frame.data.count - MessageView.headerSize && message.attempts >= 0)
                        case .error: _ = (ServerError(frame.text).error, ServerError(frame.text).messageID)
                        case .response: _ = try? Negotiated(frame.data)
                        }
                    }
                }
            } catch {
                #expect((error as? TransportError)?.code == .protocolViolation, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }

    @Test(arguments: [[0, 0, 0, 3], [0xff, 0xff, 0xff, 0xff], [0x40, 0, 0, 1]] as [[UInt8]])
    func impossibleSizeIsRefusedBeforeAnythingIsAllocated(size: [UInt8]) {
        #expect(throws: TransportError.self) { try Self.decode([size]) }
    }

    @Test func answerOfAWebServerIsRecognised() {
        do {
            _ = try Self.decode([Array("HTTP/1.1 400 Bad Request\r\n".utf8)])
            Issue.record("it was taken for a frame")
        } catch {
            #expect((error as? TransportError)?.message == "this is an HTTP port")
        }
    }

    @Test func messageShorterThanItsHeaderIsRefused() {
        var decoder = FrameDecoder()
        Self.frame(2, [UInt8](repeating: 1, count: 25)).withUnsafeBytes { decoder.append($0) }
        #expect(throws: TransportError.self) { while let frame = try decoder.next() { _ = try MessageView(frame) } }
    }

    // MARK: Commands

    @Test func commandsAreWrittenAsTheProtocolHasThem() {
        let id = Array("0123456789abcdef".utf8).withUnsafeBytes { $0.loadUnaligned(as: MessageID.self) }
        var bytes: [UInt8] = []
        Command.finish(id, into: &bytes)
        Command.touch(id, into: &bytes)
        Command.requeue(id, after: .microseconds(1500), into: &bytes)
        Command.ready(7, into: &bytes)
        Command.subscribe("t", "c", into: &bytes)
        Command.noOperation(into: &bytes)
        Command.close(into: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text == "FIN 0123456789abcdef\nTOUCH 0123456789abcdef\nREQ 0123456789abcdef 2\nRDY 7\nSUB t c\nNOP\nCLS\n")
    }

    @Test func severalMessagesAreOneBody() {
        var bytes: [UInt8] = []
        var body = MultiPublish(to: "t", into: &bytes)
        for message in ["a", "bcd"] { Array(message.utf8).withUnsafeBytes { body.add($0, into: &bytes) } }
        body.finish(&bytes)
        #expect(bytes == Array("MPUB t\n".utf8) + [0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 1, 0x61, 0, 0, 0, 3, 0x62, 0x63, 0x64])
    }

    @Test func parcelsHoldAtMostSixtyFourKilobytesOrAThousandMessages() {
        let rounds = Fuzz.rounds { generator, seed in
            var batch = Batch()
            let count = Int.random(in: 1...3000, using: &generator)
            let size = Int.random(in: 1...200, using: &generator)
            for _ in 0..<count { batch.append([UInt8](repeating: 7, count: Int.random(in: 1...size * 10, using: &generator) / 10 + 1)) }
            let packing = Packing(topic: "t", delay: nil)
            var done = 0
            while done < count {
                let parcel = Parcel()
                let taken = packing.fill(parcel, from: batch, done..<count)
                let isBounded = parcel.bytes.count <= Packing.maximumBytes && taken <= Packing.maximumMessages
                #expect(taken >= 1 && taken == parcel.count && (isBounded || taken == 1), "seed \(seed)")
                if taken == 0 { return }
                done += taken
            }
        }
        #expect(rounds > 0)
    }

    @Test func delayedMessagesAreParcelsOfTheirOwn() {
        var batch = Batch()
        for index in 0..<4 {
            batch.append([UInt8(index) + 0x61])
            var properties = MessageProperties()
            if index == 1 || index == 2 { properties.delay = .seconds(index) }
            batch.setProperties(properties)
        }
        let packing = Packing(topic: "t", delay: nil)
        let parcels = [Parcel(), Parcel(), Parcel()]
        #expect(packing.fill(parcels[0], from: batch, 0..<4) == 1)
        #expect(packing.fill(parcels[1], from: batch, 1..<4) == 2)
        #expect(packing.fill(parcels[2], from: batch, 3..<4) == 1)
        #expect(String(decoding: parcels[1].bytes, as: UTF8.self) == "DPUB t 1000\n\0\0\0\u{1}bDPUB t 2000\n\0\0\0\u{1}c")
        parcels[1].answered = 1
        #expect(String(decoding: parcels[1].unanswered, as: UTF8.self) == "DPUB t 2000\n\0\0\0\u{1}c")
    }

    // MARK: Negotiation

    @Test func answerToIdentifyIsReadAndChecked() throws {
        let text = """
            {"max_rdy_count":100,"version":"1.3.0","max_msg_timeout":900000,"msg_timeout":60000,"tls_v1":true,"deflate":false,\
            "deflate_level":6,"max_deflate_level":6,"snappy":false,"sample_rate":0,"auth_required":true,"output_buffer_size":16384,"new":[1]}
            """
        let negotiated = try Array(text.utf8).withUnsafeBytes { try Negotiated($0) }
        #expect(negotiated.maximumReady == 100 && negotiated.tls && negotiated.requiresAuth && negotiated.version == "1.3.0")
        var asked = Identification()
        asked.tls = true
        try negotiated.check(asked)
        asked.compression = .snappy
        #expect(throws: TransportError.self) { try negotiated.check(asked) }
        asked.compression = .deflate(6)
        #expect(throws: TransportError.self) { try negotiated.check(asked) }
        #expect(throws: TransportError.self) { try Array("OK".utf8).withUnsafeBytes { try Negotiated($0) } }
    }

    @Test func refusedTLSEndsTheConnection() throws {
        let negotiated = try Array("{}".utf8).withUnsafeBytes { try Negotiated($0) }
        var asked = Identification()
        asked.tls = true
        do {
            try negotiated.check(asked)
            Issue.record("it went on in the clear")
        } catch {
            #expect(error.code == .configuration)
        }
    }

    @Test(arguments: [
        ("E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"x y\" is not valid", TransportError.Code.usage),
        ("E_UNAUTHORIZED AUTH failed", .permission),
        ("E_BAD_MESSAGE MPUB message too big 2 > 1", .unsendable), ("E_MPUB_FAILED MPUB failed exiting", .tryAgain),
        ("E_INVALID what", .failure),
        ("", .failure),
    ])
    func errorsOfNSQDHaveTheRightKind(text: String, code: TransportError.Code) {
        #expect(ServerError(text).error.code == code)
        #expect(ServerError(text).error.message.contains(text))
    }

    @Test func lateSettlementNamesItsMessage() {
        let said = ServerError("E_TOUCH_FAILED TOUCH 0123456789abcdef failed ID not in flight")
        #expect(said.keepsConnection && said.messageID?.text == "0123456789abcdef")
        #expect(ServerError("E_FIN_FAILED").messageID == nil)
    }

    // MARK: In flight

    @Test func unsettledMessagesAreFoundWhateverTheOrder() {
        let rounds = Fuzz.rounds { generator, seed in
            let flight = InFlight(capacity: 4)
            var model: [Int: InFlight.Entry] = [:]
            // Mostly settled from one end, with a few left behind; or anywhere.
            let isOrderly = Bool.random(using: &generator)
            for step in 0..<200 {
                let held = model.keys.sorted()
                if Bool.random(using: &generator) || model.isEmpty {
                    let entry = InFlight.Entry(
                        id: MessageID(high: UInt64(step), low: generator.next()), link: UInt32.random(in: 1...2, using: &generator))
                    model[flight.next] = entry
                    flight.add(entry.id, from: entry.link)
                } else if let position = isOrderly ? held.last : held.randomElement(using: &generator), let entry = model[position] {
                    let isLost = Int.random(in: 0...3, using: &generator) == 0
                    let isFound = isLost ? flight.lose(entry.id, from: entry.link) : flight.remove(position) == entry
                    let isGone = flight.remove(position) == nil
                    #expect(isFound && isGone && !flight.lose(entry.id, from: entry.link), "seed \(seed)")
                    model[position] = nil
                }
                for link in UInt32(1)...2 {
                    var seen: [UInt64] = []
                    flight.forEach(from: link) { seen.append($0.low) }
                    #expect(seen.sorted() == model.values.filter { $0.link == link }.map(\.id.low).sorted(), "seed \(seed)")
                }
                #expect(flight.count == model.count, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }

    /// One message that takes hours, and a million behind it.
    @Test func aMessageHeldForLongDoesNotHoldMemory() {
        let flight = InFlight()
        let slow = MessageID(high: 1, low: 2)
        flight.add(slow, from: 1)
        // An expectation takes longer than what it is about.
        var mistaken = 0
        for number in 1..<1_000_000 {
            flight.add(MessageID(high: 3, low: UInt64(number)), from: 1)
            if number > 100 && flight.remove(number - 100)?.id.low != UInt64(number - 100) { mistaken += 1 }
        }
        #expect(mistaken == 0)
        #expect(flight.capacity == 1024 && flight.count == 101)
        #expect(flight.remove(0)?.id == slow)
    }
}
