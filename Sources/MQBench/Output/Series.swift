/// One result in a drawing.
struct Series {
    var label: String
    /// Its place among the colours, the same in every drawing of the page.
    var style: Int
    var result: BenchResult
    var floor: Floor?

    var colour: Int { style % Palette.light.series.count }
    var dash: String { Palette.dashes[style / Palette.light.series.count % Palette.dashes.count] }
}
