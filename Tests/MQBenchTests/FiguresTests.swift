import Testing

@testable import MQBench

@Suite("Figures for people", .timeLimit(.minutes(1)))
struct FiguresTests {
    @Test(
        "have three digits at most, and a unit that fits",
        arguments: [
            (0, "0ns"), (1e-9, "1.00ns"), (12.34e-6, "12.3µs"), (999.4e-9, "999ns"), (999.7e-9, "1.00µs"), (0.0501, "50.1ms"),
            (1.0, "1.00s"), (123.4, "123s"),
        ])
    func times(seconds: Double, text: String) { #expect(Figures.time(seconds) == text) }

    @Test(
        "have no more digits than their doubt leaves",
        arguments: [
            (701_234, 0, "701k"), (701_234, 9_000, "701k"), (701_234, 10_000, "700k"), (701_234, 200_000, "700k"), (1234, 1, "1.23k"),
        ]
            as [(Double, Double, String)])
    func doubt(value: Double, doubt: Double, text: String) { #expect(Figures.amount(value, doubt: doubt) == text) }

    @Test("of nothing, and of what is no figure, are zero", arguments: [0, -1, Double.nan, .infinity])
    func none(value: Double) { #expect(Figures.plain(value) == "0" && Figures.amount(value) == "0") }

    @Test("without a unit", arguments: [(11.24, "11.2"), (0.4321, "0.432"), (1643, "1640"), (0.00012345, "0.000123")])
    func plain(value: Double, text: String) { #expect(Figures.plain(value) == text) }

    @Test(
        "of a change have its sign",
        arguments: [
            (0.031, "+3.1%"), (-0.12, "-12%"), (0, "+0.0%"), (-0.0001, "+0.0%"), (4.4, "×5.40"), (.infinity, "new"), (0.0996, "+10%"),
        ] as [(Double, String)])
    func changes(share: Double, text: String) { #expect(Figures.change(share) == text) }

    @Test("of a spread are rounded up, and never none", arguments: [(0, "±1%"), (0.031, "±4%"), (0.5, "±50%"), (1e9, "±999%")])
    func spreads(share: Double, text: String) { #expect(Figures.spread(share) == text) }

    @Test(
        "of sizes are in powers of 1024 where they divide",
        arguments: [(100, "100 B"), (1024, "1 KiB"), (1025, "1025 B"), (3 << 20, "3 MiB")])
    func sizes(bytes: Int, text: String) { #expect(Figures.size(bytes) == text) }

    @Test(
        "leave out the middle of what is too long", arguments: [(10, "abcdefghij"), (9, "abcd…ghij"), (5, "ab…ij"), (4, "abcd"), (0, "")])
    func shortened(width: Int, text: String) { #expect("abcdefghij".shortened(to: width) == text) }
}
