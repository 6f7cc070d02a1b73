use super::*;
use crate::raw::Links;
use penstock_filter_api::Glob;

fn found(text: &str, links: Links) -> Vec<(Known, String)> {
    let settings = MarkupSettings {
        hosts: vec![Glob::new("*.good.example")],
        links,
    };
    let (mut markup, mut findings) = (Markup::default(), Findings::default());
    for (at, c) in text.char_indices() {
        markup.push(c, at as u64..(at + c.len_utf8()) as u64, &settings, &mut findings);
    }
    markup.end(&settings, &mut findings);
    assert_eq!(markup.open(), None, "{text}");
    let part = |range: &Range<u64>| {
        text.get(range.start as usize..range.end as usize)
            .unwrap()
            .to_owned()
    };
    findings
        .0
        .iter()
        .map(|finding| (finding.rule, part(&finding.range)))
        .collect()
}

#[test]
fn active_markup_is_found_with_all_that_belongs_to_it() {
    use Known::{DataUrl, ExternalImage, ExternalLink, Script, ScriptUrl};
    for (text, rule, part) in [
        ("a <script>x", Script, "<script>"),
        ("a <ScRiPt src=//e.example>", Script, "<ScRiPt src=//e.example>"),
        ("<iframe src='x'>", Script, "<iframe src='x'>"),
        (
            "<img src=x onerror=\"alert('>')\"> b",
            Script,
            "<img src=x onerror=\"alert('>')\">",
        ),
        ("<svg/onload=alert(1)>", Script, "<svg/onload=alert(1)>"),
        (
            "<a href=\"java&#115;cript:x()\">",
            ScriptUrl,
            "<a href=\"java&#115;cript:x()\">",
        ),
        ("[a](javascript:alert)", ScriptUrl, "[a](javascript:alert)"),
        ("see vbscript:msgbox now", ScriptUrl, "vbscript:msgbox"),
        (
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            DataUrl,
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
        ),
        (
            "![a](data:image/svg+xml,x)",
            DataUrl,
            "![a](data:image/svg+xml,x)",
        ),
        (
            "hi ![a b](https://e.example/x.png \"t\") end",
            ExternalImage,
            "![a b](https://e.example/x.png \"t\")",
        ),
        ("![](//e.example/x)", ExternalImage, "![](//e.example/x)"),
        (
            "![](<https://e.example/x>)",
            ExternalImage,
            "![](<https://e.example/x>)",
        ),
        (
            "<img src=http://e.example/x>",
            ExternalImage,
            "<img src=http://e.example/x>",
        ),
        (
            "[![i](http://e.example/i)](/x)",
            ExternalImage,
            "![i](http://e.example/i)",
        ),
        (
            "![i][Pic]\n\n[pic]: http://e.example/i",
            ExternalImage,
            "[pic]: http://e.example/i",
        ),
        (
            "[pic]: http://e.example/i\n\n![i][Pic]",
            ExternalImage,
            "![i][Pic]",
        ),
        (
            "[pic]: http://e.example/i\n\n![pic] there",
            ExternalImage,
            "![pic]",
        ),
        (
            "[pic]: http://e.example/i\n\n![pic][] there",
            ExternalImage,
            "![pic][]",
        ),
        (
            "看https://e.example/?q=0123456789012345678901234567890123456789。",
            ExternalLink,
            "https://e.example/?q=0123456789012345678901234567890123456789",
        ),
        (
            "<https://me%20and%20you@e.example/>",
            ExternalLink,
            "<https://me%20and%20you@e.example/>",
        ),
        ("<<script>script>f()", Script, "<script>"),
        ("<scr\u{200b}ipt>", Script, "<scr\u{200b}ipt>"),
        ("[go](javascript:f(1)) b", ScriptUrl, "[go](javascript:f(1))"),
        (
            "![a](https://e.example/(1)(2).png) b)",
            ExternalImage,
            "![a](https://e.example/(1)(2).png)",
        ),
        (
            "![a](https://e.example/(((1).png b (c) d",
            ExternalImage,
            "![a](https://e.example/(((1)",
        ),
        (
            "![a](https://e.example/( b) c)",
            ExternalImage,
            "![a](https://e.example/( b)",
        ),
        ("a ` <script> b", Script, "<script>"),
        ("\\`<script>` b", Script, "<script>"),
        ("- a\n  ```\n  x\n\n<script>f()", Script, "<script>"),
        ("x<script>", Script, "<script>"),
        (
            "![](h&#116;tps://e.example/x)",
            ExternalImage,
            "![](h&#116;tps://e.example/x)",
        ),
        ("[a](javascript&colon;f)", ScriptUrl, "[a](javascript&colon;f)"),
        (
            "![](https:\\/\\/e.example\\/p.png)",
            ExternalImage,
            "![](https:\\/\\/e.example\\/p.png)",
        ),
        (
            "![](https://évil.example/x)",
            ExternalImage,
            "![](https://évil.example/x)",
        ),
        (
            "![](https:/e.example/x)",
            ExternalImage,
            "![](https:/e.example/x)",
        ),
        ("![](/\\e.example/x)", ExternalImage, "![](/\\e.example/x)"),
        ("![](wss://e.example/x)", ExternalImage, "![](wss://e.example/x)"),
        (
            "![i][Pic]\n\n[pic]:http://e.example/i",
            ExternalImage,
            "[pic]:http://e.example/i",
        ),
        (
            "<img alt=\"`\" src=http://e.example/x> `",
            ExternalImage,
            "<img alt=\"`\" src=http://e.example/x>",
        ),
        ("<object data=x.swf>", Script, "<object data=x.swf>"),
        (
            "<img srcset='/a 1x, https://e.example/b 2x'>",
            ExternalImage,
            "<img srcset='/a 1x, https://e.example/b 2x'>",
        ),
        ("<div>\n```\n<script>", Script, "<script>"),
    ] {
        assert_eq!(found(text, Links::WithData), [(rule, part.to_owned())], "{text}");
    }
}

#[test]
fn what_is_too_long_to_wait_for_is_found_by_what_is_seen() {
    let long = "a".repeat(1100);
    for (text, rule, part) in [
        (
            format!("![{long}](http://e.example/x)"),
            Known::ExternalImage,
            "](http://e.example/x)",
        ),
        (format!("<img alt={long} src=/x>"), Known::Script, "<img alt=a"),
        (
            format!("![](http://e.example/{long})"),
            Known::ExternalImage,
            "![](http://e.example/a",
        ),
    ] {
        let found = found(&text, Links::WithData);
        let [(met, taken)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(*met == rule && taken.starts_with(part), "{found:?}");
    }
}

#[test]
fn listed_hosts_only() {
    let link = |text: &str| (Known::ExternalLink, text.to_owned());
    assert_eq!(
        found("go to https://e.example/a.", Links::All),
        [link("https://e.example/a")]
    );
    assert_eq!(
        found("[a](https://e.example)", Links::All),
        [link("[a](https://e.example)")]
    );
    assert_eq!(
        found(
            "[a](https://www.good.example/b) ![](//x.good.example/i)",
            Links::All
        ),
        []
    );
}

#[test]
fn code_and_prose_pass() {
    for text in [
        "Use `<script>` or ``a ` <img src=http://e.example>`` here.",
        "```html\n<script>alert(1)</script>\n![](http://e.example/x)\n```\n",
        "~~~\n```\n<iframe>\n~~~\nok",
        "JavaScript: The Good Parts, data: see below, note: http:// is old",
        "Vec<String>, a < b, x <= y, <b>bold</b>, <br/>, a[0] = b[1], f(x)[2](y)",
        "See https://e.example/docs/how-to-do-it and [docs](https://e.example/docs).",
        "- [x] done\n- [ ] open ! [a] (b) [note]: a word",
        "![logo](/static/logo.png) ![p](data:image/png;base64,iVBORw0KGgo=)",
        "Use `<script>alert(1)</script>`",
        "```\n<p>\n```\n```\n<script>f()</script>\n```\nok",
        "List<Object>, std::vector<object>, Box<Base>, Map<Object, List<Frame>> and <object> too",
        "<step one=\"1\" only=x onboarding='2'>",
        "Online banking: one = 1; on=1 in a sentence. 1 <2 on=3>",
    ] {
        assert_eq!(found(text, Links::WithData), [], "{text}");
    }
}
