/// The colours of the page: every text has a contrast of at least 4.5 to what lies behind it (WCAG 2, AA), and the
/// series differ in lightness as well as in hue, so that people who see fewer colours tell them apart; dashes and
/// labels say the same without colour.
struct Palette: Sendable {
    var background, panel, text, muted, line, grid, bad, badPanel, warning, warningPanel: String
    var series: [String]

    static let light = Palette(
        background: "#ffffff", panel: "#f5f7f9", text: "#1b1f24", muted: "#56606b", line: "#c3cbd3", grid: "#e6eaee", bad: "#a8071a",
        badPanel: "#fff0f0", warning: "#6f4700", warningPanel: "#fff8e5",
        series: ["#0059a8", "#b34000", "#007057", "#8c3b94", "#665500", "#3d4854"])
    static let dark = Palette(
        background: "#14181d", panel: "#1c2229", text: "#e6eaee", muted: "#a3adb8", line: "#4a545f", grid: "#2a323a", bad: "#ff9a94",
        badPanel: "#3a1a1c", warning: "#f2c46d", warningPanel: "#322810",
        series: ["#70b7ff", "#ff9d5c", "#4fd3a8", "#dfa3f0", "#e6cf4d", "#c6ced6"])

    /// CSS variables.
    var variables: String {
        let names: [(String, String)] = [
            ("bg", background), ("panel", panel), ("fg", text), ("muted", muted), ("line", line), ("grid", grid), ("bad", bad),
            ("bad-panel", badPanel), ("warn", warning), ("warn-panel", warningPanel),
        ]
        let colours = series.enumerated().map { ("s\($0.offset)", $0.element) }
        return (names + colours).map { "--\($0.0):\($0.1);" }.joined()
    }

    /// Dashes for the second and third turn through the colours.
    static let dashes = ["", "6 4", "2 3"]
}
