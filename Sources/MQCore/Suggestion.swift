/// Finds what a person probably meant.
public enum Suggestion {
    /// The candidate nearest to `word`, if one is near enough to be worth saying.
    public static func nearest(to word: String, in candidates: [String]) -> String? {
        let scored = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.1 < $1.1 }) else { return nil }
        if best.1 <= max(1, word.count / 3) { return best.0 }
        // The beginning of a word is far from it, and meant all the same.
        guard word.count >= 2 else { return nil }
        return scored.filter { $0.0.lowercased().hasPrefix(word.lowercased()) }.min { $0.1 < $1.1 }?.0
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words.
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.utf8), b = Array(right.utf8)
        if a.count > 64 || b.count > 64 { return .max }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1] + Array(repeating: 0, count: b.count)
            for j in 0..<b.count {
                row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1) }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
