/**
 * A small bitmap font of our own, for pictures drawn without a browser: 5 pixels wide, 7 high above the baseline and up to 2
 * below it. A glyph is its rows from the top, one base-32 digit a row, the leftmost pixel in the highest of its five bits.
 */
export const GLYPH = { width: 5, ascent: 7, advance: 6, line: 12 } as const;

/** Calls `dot` for each lit pixel of a text, column and row counted from the text's top left. */
export function forEachDot(text: string, dot: (x: number, y: number) => void): void {
  glyphsOf(text).forEach((glyph, position) => {
    for (let y = 0; y < glyph.length; y++) {
      const bits = parseInt(glyph[y], 32);
      for (let x = 0; x < GLYPH.width; x++) if (bits >> (4 - x) & 1) dot(position * GLYPH.advance + x, y);
    }
  });
}

/** How many glyphs a text has: accents are dropped, what the font lacks is a box. */
export function glyphCount(text: string): number {
  return glyphsOf(text).length;
}

function glyphsOf(text: string): string[] {
  return [...text].map((character) => glyphs[character] ?? glyphs[character.normalize("NFKD")[0]] ?? "vhhhhhv");
}

const glyphs: Readonly<Record<string, string>> = {
  " ": "0000000", "!": "4444404", '"': "aa00000", "#": "aavavaa", "$": "4fke5u4", "%": "op248j3", "&": "8kk8lid", "'": "4400000",
  "(": "2488842", ")": "8422248", "*": "04lel40", "+": "044v440", ",": "00000448", "-": "000e000", ".": "0000004", "/": "01248g0",
  0: "ehjlphe", 1: "4c4444e", 2: "eh1248v", 3: "v2421he", 4: "26aiv22", 5: "vgu11he", 6: "68guhhe", 7: "v124888", 8: "ehhehhe",
  9: "ehhf12c", ":": "0040040", ";": "00400448", "<": "248g842", "=": "00v0v00", ">": "8421248", "?": "eh12404", "@": "eh1dlle",
  A: "ehhvhhh", B: "uhhuhhu", C: "ehggghe", D: "sihhhis", E: "vgguggv", F: "vgguggg", G: "ehgnhhf", H: "hhhvhhh", I: "e44444e",
  J: "72222ic", K: "hikokih", L: "ggggggv", M: "hrllhhh", N: "hhpljhh", O: "ehhhhhe", P: "uhhuggg", Q: "ehhhlid", R: "uhhukih",
  S: "fgge11u", T: "v444444", U: "hhhhhhe", V: "hhhhha4", W: "hhhllla", X: "hha4ahh", Y: "hhha444", Z: "v1248gv",
  "[": "e88888e", "\\": "0g84210", "]": "e22222e", "^": "4ah0000", _: "000000v", "`": "8400000",
  a: "00e1fhf", b: "ggmphhu", c: "00ehghe", d: "11djhhf", e: "00ehvge", f: "698s888", g: "00fhhhf1e", h: "ggmphhh", i: "40c444e",
  j: "2062222ic", k: "ggikoki", l: "c44444e", m: "00qllhh", n: "00mphhh", o: "00ehhhe", p: "00uhhhugg", q: "00fhhhf11",
  r: "00mpggg", s: "00fge1u", t: "88s8896", u: "00hhhjd", v: "00hhha4", w: "00hhlla", x: "00ha4ah", y: "00hhhhf1e", z: "00v248v",
  "{": "2448442", "|": "4444444", "}": "8442448", "~": "008l200",
  "−": "000v000", "–": "000v000", "—": "000v000", "×": "00ha4ah", "·": "0004000", "…": "000000l", "°": "6996000", "±": "44v440v",
  "∞": "000ala0", "≥": "g848g0v", "≤": "124210v", "→": "042v240", "√": "7444kc4", "∂": "c21fhhe", "Σ": "vg848gv", "²": "c248s00",
  "ₖ": "000008aca", "ᵏ": "8aca000", "α": "00djiid", "β": "ehhuhhugg", "µ": "00hhhjtgg", "‖": "aaaaaaa", "’": "2240000", "‘": "8840000",
};
