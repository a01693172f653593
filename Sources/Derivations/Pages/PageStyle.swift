extension DerivationPage {
  /// Light or dark as the reader's system is, narrow or wide, on a screen or on paper.
  static let styleSheet = """
    :root{--ground:#fbfbf9;--ink:#1d2433;--muted:#5d687a;--rule:#dfe3e8;--code:#f1f3f5;\
    --accent:#0b6b50;color-scheme:light dark}
    @media screen and (prefers-color-scheme:dark){:root{--ground:#10141a;--ink:#e8ebf0;\
    --muted:#9ba6b5;--rule:#2a313c;--code:#1a2029;--accent:#5cc7a4}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--ground);color:var(--ink);\
    font:17px/1.6 Georgia,'Source Serif 4','DejaVu Serif',serif}
    main{max-width:1000px;margin:0 auto;padding:56px 28px 48px}
    h1,h2,th,dt,dd,footer{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
    h1{font-size:32px;line-height:1.2;letter-spacing:-.02em;margin:0}
    h2{font-size:20px;margin:44px 0 10px}
    p{margin:0 0 14px;max-width:44em;text-wrap:pretty}
    .summary{color:var(--muted);font-size:19px;margin:10px 0 28px}
    math{font-family:'Latin Modern Math','STIX Two Math','Cambria Math','Libertinus Math',\
    'DejaVu Math TeX Gyre',math;font-size:1.08em}
    .formula{display:grid;grid-template-columns:minmax(0,1fr) 150px;column-gap:24px;\
    margin:6px 0 18px;max-width:944px}
    .line{grid-column:1;padding:4px 0 4px 1.6em;overflow-x:auto;overflow-y:hidden}
    mfrac{margin-inline:.12em}
    mtable.chain{math-style:normal;margin:0;text-align:left}
    .chain mtd{padding:.28em .16em;text-align:left}
    .chain mtd:first-child{text-align:right}
    .chain mtd.note{padding-left:2em;color:var(--muted)}
    .cases mtd{text-align:left;padding:.15em .6em .15em 0}
    .formula dl{grid-column:2;grid-row:1;align-self:center;margin:0;padding-left:14px;\
    border-left:2px solid var(--accent);font-size:12.5px;line-height:1.55}
    .formula dl div{display:flex;justify-content:space-between;gap:8px}
    dt{color:var(--muted)}
    dd{margin:0;white-space:nowrap;font-variant-numeric:tabular-nums}
    pre,code{font-family:ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono',monospace}
    code{font-size:.85em}
    pre{grid-column:1;background:var(--code);border-radius:6px;margin:4px 0 0;padding:7px 12px;\
    font-size:13px;line-height:1.5;overflow-x:auto}
    .gloss{grid-column:1;color:var(--muted);font-size:14px;margin:4px 0 0;\
    padding-left:12px;max-width:none}
    .table{overflow-x:auto;margin:0 0 18px}
    table{border-collapse:collapse;font-size:16px}
    th{color:var(--muted);font-size:13px;font-weight:600;text-align:left}
    th,td{padding:6px 28px 6px 0;border-bottom:1px solid var(--rule);vertical-align:middle;\
    font-variant-numeric:tabular-nums}
    .steps{border-left:2px solid var(--rule);padding-left:18px;margin:0 0 18px}
    .steps p{margin:2px 0}
    footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--rule);color:var(--muted);\
    font-size:13px}
    @media (max-width:720px){main{padding:32px 16px}.formula{grid-template-columns:minmax(0,1fr)}\
    .formula dl{grid-column:1;grid-row:auto;display:flex;gap:18px;flex-wrap:wrap}}
    @media print{@page{margin:18mm 16mm}body{background:#fff;font-size:10.5pt}\
    main{max-width:none;padding:0}.formula{grid-template-columns:minmax(0,1fr) 158px;\
    column-gap:14px;break-inside:avoid}h2{break-after:avoid;margin-top:26px}\
    tr,.steps{break-inside:avoid}p:has(+.formula){break-after:avoid}pre{border:1px solid #ddd;white-space:pre-wrap;font-size:8.5pt}\
    .formula dl,.gloss{font-size:8.5pt}table{font-size:10pt}}
    """
}
