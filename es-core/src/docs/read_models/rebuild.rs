use std::time::Duration;

use es_core::rebuild::{Rebuild, RebuildError, Sample};
use es_core::store::ReadModelStore;

async fn switch<S: ReadModelStore>(rebuild: Rebuild<CustomerBalance, S>, store: &S) -> Result<(), RebuildError> {
    let mut watch = rebuild.watch();
    loop {
        let progress = watch.next().await?;
        println!("{} of {} positions, {:?} left", progress.folded, progress.of, progress.remaining());
        if progress.is_built {
            break;
        }
        store.sleep(Duration::from_secs(1)).await;
    }
    let comparison = rebuild.compare(Sample::About(10_000)).await?;
    for difference in comparison.differences() {
        println!("{difference}");
    }
    let live = rebuild.switch(comparison).await?; // fails if there are differences
    println!("version {} is live", live.version);
    Ok(())
}
