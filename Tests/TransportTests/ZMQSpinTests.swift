import Testing

@testable import TransportZMQ

@Suite("ZMQ looking before sleeping")
struct ZMQSpinTests {
    private let longest: UInt64 = 40_000

    /// How long it looks in each of so many waits in which nothing comes.
    private func fruitless(_ spin: inout Spin, waits: Int) -> [UInt64] {
        (0..<waits).map { _ in
            let length = spin.begin()
            if length > 0 { spin.failed() }
            return length
        }
    }

    @Test("Where nothing comes it looks half as long each time, then not at all, and now and then again")
    func fruitless() {
        var spin = Spin.brief
        #expect(fruitless(&spin, waits: 5) == [longest, longest / 2, longest / 4, longest / 8, longest / 16])
        for _ in 0..<3 { #expect(fruitless(&spin, waits: 64) == [UInt64](repeating: 0, count: 63) + [longest]) }
    }

    @Test(
        "Where it pays it goes on, for four times as long as it took, within bounds",
        arguments: [(0, 2_000), (3_000, 12_000), (39_000, 40_000)])
    func paying(after: UInt64, next: UInt64) {
        var spin = Spin.brief
        _ = fruitless(&spin, waits: 5 + 63)
        #expect(spin.begin() == longest)
        spin.paid(after: after)
        #expect(spin.begin() == next)
    }

    @Test("An answer that comes sooner does not make it less patient")
    func patience() {
        var spin = Spin.brief
        spin.paid(after: 100)
        #expect(spin.begin() == longest)
        spin.failed()
        spin.paid(after: 100)
        #expect(spin.begin() == longest / 2)
    }

    @Test("It looks until something is found, and says what")
    func finding() {
        var (spin, looks) = (Spin(longest: 60_000_000_000, yields: true), 0)
        let found = spin.look { () -> String? in
            looks += 1
            return looks < 3 ? nil : "it"
        }
        #expect(found == "it" && looks == 3)
        spin = Spin(longest: 8_000, yields: true)
        #expect(spin.look { () -> String? in nil } == nil)
        #expect(spin.begin() == 4_000)
    }
}
