//! How purchases get into the register.

use crate::Scheme;
use crate::register::Purchase;

impl Scheme {
    /// Books a purchase once the clearing house has confirmed it.
    pub(crate) async fn settle(&self, purchase: Purchase) -> reqwest::Result<()> {
        let mut register = self.register.write().await;
        let receipt = self.clearing.confirm(&purchase).await?;
        register.book(purchase, receipt);
        Ok(())
    }
}
