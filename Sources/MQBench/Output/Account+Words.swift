extension Account {
    /// `lost 3, duplicated 0, reordered 0`.
    var words: String { "lost \(lost), duplicated \(duplicated), reordered \(reordered)" }
}
