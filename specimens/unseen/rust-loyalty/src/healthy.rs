//! How purchases get into the register.

use crate::Scheme;
use crate::register::Purchase;

impl Scheme {
    /// Books a purchase once the clearing house has confirmed it.
    pub(crate) async fn settle(&self, purchase: Purchase) -> reqwest::Result<()> {
        let receipt = self.clearing.confirm(&purchase).await?;
        self.register.write().await.book(purchase, receipt);
        Ok(())
    }
}
