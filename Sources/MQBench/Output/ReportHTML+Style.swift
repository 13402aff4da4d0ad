extension ReportHTML {
    static let style = """
        :root{color-scheme:light dark;\(Palette.light.variables)}
        @media (prefers-color-scheme:dark){:root{\(Palette.dark.variables)}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:62rem;background:var(--bg);color:var(--fg);
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
        h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
        h2{font-size:1.15rem;margin:2.5rem 0 .5rem}
        h3{font-size:1rem;margin:1.5rem 0 .25rem}
        p{margin:.25rem 0 .75rem;max-width:46rem}
        .muted{color:var(--muted)}
        .box{border:1px solid var(--line);border-left-width:6px;border-radius:4px;padding:.6rem 1rem;margin:1rem 0}
        .box p,.box ul{margin:.15rem 0}.box ul{padding-left:1.2rem}
        .bad{border-color:var(--bad);background:var(--bad-panel)}
        .bad strong,td .flag{color:var(--bad)}
        td .flag{font-weight:700;white-space:nowrap}
        .warn{border-color:var(--warn);background:var(--warn-panel)}
        .warn strong{color:var(--warn)}
        .scroll{overflow-x:auto;margin:.75rem 0}
        table{border-collapse:collapse;width:100%;font-size:.92rem}
        th,td{padding:.3rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
        th{font-weight:600;color:var(--muted);border-bottom:1px solid var(--line);vertical-align:bottom}
        th.t,td.t{text-align:left}th:first-child,td:first-child{padding-left:0}
        td.name{white-space:normal;overflow-wrap:anywhere;min-width:9rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:.5rem 0}
        dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
        figure{margin:.5rem 0 1.5rem}
        svg{display:block;width:100%;height:auto;font:13px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;
        font-variant-numeric:tabular-nums;overflow:visible}
        svg text{fill:var(--fg)}svg .muted{fill:var(--muted)}svg .name{font-weight:600}svg .void{fill:var(--bad);font-weight:700}
        .grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--line);stroke-width:1}
        .leader{stroke:var(--muted);stroke-width:1;fill:none;opacity:.6}
        .curve{fill:none;stroke-width:2.25;stroke-linejoin:round}
        .spread{stroke:var(--fg);stroke-width:1.5}.window{fill:var(--bg);stroke:var(--fg);stroke-width:1}
        .floor{stroke:var(--muted);stroke-width:1;stroke-dasharray:4 3}
        \(Palette.light.series.indices.map {
            ".s\($0){stroke:var(--s\($0))}.f\($0){fill:var(--s\($0))}svg .t\($0){fill:var(--s\($0))}"
        }.joined(separator: "\n"))
        @media print{body{max-width:none;padding:0}figure,table{break-inside:avoid}}
        """
}
