//! The block compressor's prebuilt objects hold C++ exception tables, but its crate does not ask for the library that
//! reads them. Whether the linker misses it depends on how the crate was cut into objects, so it is always named.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // The file that every system has; the name without a number comes with a C++ compiler only. The first line is for
        // whoever uses this crate, the second for its examples and tests that do not.
        println!("cargo::rustc-link-lib=dylib:+verbatim=libstdc++.so.6");
        println!("cargo::rustc-link-arg=-l:libstdc++.so.6");
    }
}
