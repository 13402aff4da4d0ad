import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BatchLoanTests {
    private func bytes(_ place: UnsafeRawPointer, _ count: Int) -> [UInt8] { Array(UnsafeRawBufferPointer(start: place, count: count)) }

    @Test func whatIsLentStaysWhileTheBatchGoesOn() {
        var batch = Batch(byteCapacity: 256)
        batch.append("first".bytes)
        let (place, loan) = (batch.start(of: 0), batch.lend(1))
        batch.removeAll()
        batch.append("other".bytes)
        #expect(bytes(place, 5) == "first".bytes)
        let now = batch.bodies
        #expect(now == ["other".bytes])
        Batch.giveBack(loan)
    }

    @Test func theRestOfTheInputMovesToTheNextBlock() {
        var batch = Batch(byteCapacity: 256)
        batch.prepareRefill(minimum: 16).copyBytes(from: "first;sec".bytes)
        batch.refilled(9)
        batch.markRecord(offset: 0, size: 5, consumed: 6)
        let (place, loan) = (batch.start(of: 0), batch.lend(1))
        let room = batch.prepareRefill(minimum: 1000)
        room.copyBytes(from: "ond;".bytes)
        batch.refilled(4)
        batch.markRecord(offset: 0, size: 6, consumed: 7)
        let now = batch.bodies
        #expect(now == ["second".bytes])
        #expect(bytes(place, 5) == "first".bytes)
        Batch.giveBack(loan)
    }

    @Test func blocksThatCameBackAreUsedAgain() {
        var batch = Batch(byteCapacity: 256)
        var places: Set<UnsafeMutableRawPointer> = []
        var loans: [UnsafeMutableRawPointer] = []
        for number in 0..<1000 {
            batch.append([UInt8(truncatingIfNeeded: number)])
            places.insert(batch.start(of: 0))
            loans.append(batch.lend(1))
            batch.removeAll()
            if loans.count > 5 { Batch.giveBack(loans.removeFirst()) }
        }
        #expect(places.count <= 8)
        for loan in loans { Batch.giveBack(loan) }
    }

    @Test func aRenewedBatchHasTheSameMessagesAndLeavesTheLentOnesAlone() {
        var batch = Batch(byteCapacity: 256)
        batch.append("-one".bytes)
        batch.append("-two".bytes)
        var loans: [(place: UnsafeMutableRawPointer, loan: UnsafeMutableRawPointer, mark: UInt8)] = []
        for mark in UInt8(0)..<100 {
            batch.renew()
            batch.start(of: 0).storeBytes(of: mark, as: UInt8.self)
            batch.start(of: 1).storeBytes(of: mark, as: UInt8.self)
            let bodies = batch.bodies
            #expect(bodies == [[mark] + "one".bytes, [mark] + "two".bytes])
            loans.append((batch.start(of: 1), batch.lend(2), mark))
            guard loans.count > 3 else { continue }
            let oldest = loans.removeFirst()
            #expect(bytes(oldest.place, 4) == [oldest.mark] + "two".bytes)
            Batch.giveBack(oldest.loan, count: 2)
        }
        // Other messages in the same blocks are not mistaken for them.
        batch.removeAll()
        batch.append("-xyz".bytes)
        let loan = batch.lend(1)
        batch.renew()
        let bodies = batch.bodies
        #expect(bodies == ["-xyz".bytes])
        Batch.giveBack(loan)
        for entry in loans { Batch.giveBack(entry.loan, count: 2) }
    }

    @Test func aLoanOutlivesItsBatch() {
        func make() -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer) {
            var batch = Batch(byteCapacity: 256)
            batch.append("still here".bytes)
            return (batch.start(of: 0), batch.lend(1))
        }
        let (place, loan) = make()
        #expect(bytes(place, 10) == "still here".bytes)
        Batch.giveBack(loan)
    }

    @Test func anotherThreadReadsWhatWasSentAndNothingElse() throws {
        struct Loan: @unchecked Sendable {
            // Unchecked: the promise of `lend` is what is tested.
            var place: UnsafeMutableRawPointer
            var loan: UnsafeMutableRawPointer
            var number: Int
        }
        let queue = Mutex<[Loan]>([])
        let rounds = 20_000
        let reader = Background {
            var (read, wrong) = (0, 0)
            while read < rounds {
                let taken = queue.withLock { list in
                    defer { list = [] }
                    return list
                }
                for entry in taken {
                    let words = UnsafeBufferPointer(start: entry.place.assumingMemoryBound(to: Int.self), count: 512)
                    if !words.allSatisfy({ $0 == entry.number }) { wrong += 1 }
                    Batch.giveBack(entry.loan)
                }
                read += taken.count
            }
            return wrong
        }
        var batch = Batch(byteCapacity: 4096)
        for number in 0..<rounds {
            batch.removeAll()
            let place = batch.reserve(4096).assumingMemoryBound(to: Int.self)
            for index in 0..<512 { place[index] = number }
            batch.commit(4096)
            let entry = Loan(place: batch.start(of: 0), loan: batch.lend(1), number: number)
            while queue.withLock({ list in
                if list.count >= 64 { return true }
                list.append(entry)
                return false
            }) { sched_yield() }
        }
        #expect(try reader.join() == 0)
    }

    @Test func aSmallShareOfABlockIsNotWorthLending() {
        var batch = Batch(byteCapacity: 1 << 17)
        batch.append([UInt8](repeating: 1, count: 2000))
        let lonely = batch.isWorthLending
        for _ in 0..<20 { batch.append([UInt8](repeating: 1, count: 2000)) }
        let many = batch.isWorthLending
        for _ in 0..<1000 { batch.append([1]) }
        let small = batch.isWorthLending
        #expect(!lonely && many && !small)
    }

    // MARK: - What a transport lends

    /// The addresses of the bodies.
    private static let returned = Mutex<[UInt]>([])

    /// A batch with a copied message, a loan of `body` and another copied one, each time it is called.
    private func mix(_ batch: inout Batch, _ body: UnsafeMutableRawBufferPointer) {
        batch.append("a".bytes)
        batch.reserveLoan().storeBytes(of: body.baseAddress!, as: UnsafeMutableRawPointer.self)
        batch.commitLoan(body.baseAddress!, body.count) { slot in
            let place = UInt(bitPattern: slot!.load(as: UnsafeMutableRawPointer.self))
            BatchLoanTests.returned.withLock { $0.append(place) }
            return 0
        }
        batch.append("b".bytes)
    }

    @Test func bodiesOfATransportAreReturnedOnceAndInTime() {
        let body = UnsafeMutableRawBufferPointer.allocate(byteCount: 3000, alignment: 16)
        body.initializeMemory(as: UInt8.self, repeating: 7)
        defer { body.deallocate() }
        let address = UInt(bitPattern: body.baseAddress!)
        func count() -> Int { Self.returned.withLock { list in list.count { $0 == address } } }
        do {
            var batch = Batch(byteCapacity: 256)
            batch.takesLoans = true
            for round in 0..<300 {
                mix(&batch, body)
                mix(&batch, body)
                // Growing moves the batch's own bytes only.
                batch.append([UInt8](repeating: 9, count: 300 * (round + 1)))
                let (bodies, total) = (batch.bodies, batch.byteCount)
                #expect(bodies.prefix(6) == ["a".bytes, Array(body), "b".bytes, "a".bytes, Array(body), "b".bytes])
                #expect(total == 6000 + 4 + 300 * (round + 1))
                #expect(count() == 2 * round)
                batch.removeAll()
                #expect(count() == 2 * round + 2)
            }
            for _ in 0..<200 { mix(&batch, body) }
            #expect(count() == 600)
        }
        #expect(count() == 800)
    }
}
