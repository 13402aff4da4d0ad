import Testing

@testable import MQBench

@Suite("Results in drawings", .timeLimit(.minutes(1)))
struct SeriesGroupTests {
    @Test("Each size is a drawing, and a transport has one colour in all of them")
    func sizes() {
        let groups = SeriesGroup.groups([Sample.report(transports: 3, sizes: [16, 1024])])
        #expect(groups.map(\.title) == ["16 B", "1 KiB"])
        #expect(groups.map { $0.series.map(\.label) } == Array(repeating: ["posix-mq", "sysv", "zmq tcp://127.0.0.1:5555"], count: 2))
        #expect(groups.map { $0.series.map(\.style) } == [[0, 1, 2], [0, 1, 2]])
    }

    @Test("The sizes of a single transport share a drawing")
    func single() {
        let groups = SeriesGroup.groups([Sample.report(sizes: [16, 1024])])
        #expect(groups.map(\.title) == [""] && groups.first?.series.map(\.label) == ["16 B", "1 KiB"])
        #expect(groups.first?.series.map(\.style) == [0, 1])
    }

    @Test("Runs are told apart, with equal labels too")
    func runs() {
        let groups = SeriesGroup.groups([Sample.report(label: "run"), Sample.report(label: "run", seed: 2)])
        #expect(groups.map { $0.series.map(\.label) } == [["run", "run (2)"]])
        #expect(groups.first?.series.map(\.style) == [0, 1])
    }

    @Test("More series than colours differ in their dashes")
    func many() {
        let colours = Palette.light.series.count
        let (first, next) = (Series(label: "a", style: 0, result: BenchResult()), Series(label: "b", style: colours, result: BenchResult()))
        #expect(first.colour == next.colour && first.dash != next.dash)
    }

    @Test("Nothing measured is no drawing")
    func none() { #expect(SeriesGroup.groups([]).isEmpty) }
}
