//! Virtual MFA devices of users.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Directory;
use super::IamError;
use super::Tags;
use super::User;
use super::input;
use crate::aws::totp;
use crate::value::arn::AccountId;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Devices of one user.
const DEVICES: usize = 8;
/// Characters of a seed in base32, as AWS has them.
const SEED: usize = 64;

/// What a device computes its codes from; prints as `[redacted]` and is wiped when dropped.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub struct Seed(Vec<u8>);

impl Seed {
    /// Reads base32; nothing where it is none, or empty.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        totp::from_base32(text).filter(|bytes| !bytes.is_empty()).map(Self)
    }

    /// The seed in base32, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> String {
        totp::base32(&self.0)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A virtual MFA device.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct MfaDevice {
    /// `arn:aws:iam::ACCOUNT:mfa/PATH/NAME`, which is also its serial number.
    pub serial: String,
    /// What its codes follow from.
    pub seed: Seed,
    /// The unique id of the user who has it.
    pub user_id: Option<String>,
    /// When that user got it.
    pub enabled: Option<Timestamp>,
    /// The period of the last code that was taken: none is taken twice.
    last_period: Option<u64>,
    /// Its tags.
    pub tags: Tags,
}

impl Directory {
    /// Makes a device that is nobody's yet; with a seed of its own where none is given.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::MfaDeviceExists`].
    pub fn create_mfa_device(
        &mut self,
        account: &AccountId,
        name: &str,
        path: &str,
        seed: Option<Seed>,
        ids: &mut IdGenerator,
    ) -> Result<Arc<MfaDevice>, IamError> {
        input::check("virtualMFADeviceName", name, input::NAME)?;
        input::check("path", path, input::PATH)?;
        let account = self.account_mut(account)?;
        let serial = account.arn("mfa", path, name);
        if account.mfa_devices.contains_key(&serial) {
            return Err(IamError::MfaDeviceExists);
        }
        let seed = seed
            .or_else(|| Seed::from_base32(&ids.base32(SEED)))
            .ok_or(IamError::InvalidAuthenticationCode)?;
        let device = Arc::new(MfaDevice {
            serial: serial.clone(),
            seed,
            user_id: None,
            enabled: None,
            last_period: None,
            tags: Tags::default(),
        });
        account.mfa_devices.insert(serial, Arc::clone(&device));
        Ok(device)
    }

    /// The device with that serial number.
    ///
    /// # Errors
    /// [`IamError::NoSuchMfaDevice`].
    pub fn mfa_device(&self, account: &AccountId, serial: &str) -> Result<&Arc<MfaDevice>, IamError> {
        self.accounts
            .get(account)
            .and_then(|account| account.mfa_devices.get(serial))
            .ok_or_else(|| IamError::NoSuchMfaDevice {
                serial: serial.to_owned(),
            })
    }

    /// The devices of a user, by serial number.
    pub fn mfa_devices_of<'a>(&'a self, account: &AccountId, user: &'a User) -> impl Iterator<Item = &'a MfaDevice> {
        let account = self.accounts.get(account);
        let devices = account.into_iter().flat_map(|account| account.mfa_devices.values());
        let devices = devices.map(Arc::as_ref);
        devices.filter(|device| device.user_id.as_ref() == Some(&user.id))
    }

    /// Gives a device to a user, who must show two codes that follow one another.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchMfaDevice`], [`IamError::MfaDeviceExists`], [`IamError::Quota`],
    /// [`IamError::InvalidAuthenticationCode`].
    pub fn enable_mfa_device(
        &mut self,
        account: &AccountId,
        user: &str,
        serial: &str,
        codes: [&str; 2],
        now: Timestamp,
    ) -> Result<(), IamError> {
        let [first, second] = codes;
        let user_id = self.may_have_mfa_device(account, user, serial)?;
        let seed = &self.mfa_device(account, serial)?.seed.0;
        let next = totp::verify(seed, first, now)
            .map(|period| period.saturating_add(1))
            .filter(|next| totp::code(seed, *next).as_bytes().ct_eq(second.as_bytes()).into())
            .ok_or(IamError::InvalidAuthenticationCode)?;
        self.edit_mfa_device(account, serial, |device| {
            (device.user_id, device.enabled) = (Some(user_id), Some(now));
            device.last_period = Some(next);
            Ok(())
        })
    }

    /// Gives a device to a user without asking for codes, as worlds do.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchMfaDevice`], [`IamError::MfaDeviceExists`], [`IamError::Quota`].
    pub fn assign_mfa_device(
        &mut self,
        account: &AccountId,
        user: &str,
        serial: &str,
        now: Timestamp,
    ) -> Result<(), IamError> {
        let user_id = self.may_have_mfa_device(account, user, serial)?;
        self.edit_mfa_device(account, serial, |device| {
            (device.user_id, device.enabled) = (Some(user_id), Some(now));
            Ok(())
        })
    }

    /// The id of a user who may have that device.
    fn may_have_mfa_device(&self, account: &AccountId, user: &str, serial: &str) -> Result<String, IamError> {
        let user = self.find::<User>(account, user)?;
        if self.mfa_device(account, serial)?.user_id.is_some() {
            return Err(IamError::MfaDeviceExists);
        }
        if self.mfa_devices_of(account, user).count() >= DEVICES {
            return Err(IamError::Quota {
                quota: "MFADevicesPerUser",
                most: DEVICES,
            });
        }
        Ok(user.id.clone())
    }

    /// Takes a device from its user.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchMfaDevice`] where it is not that user's.
    pub fn deactivate_mfa_device(&mut self, account: &AccountId, user: &str, serial: &str) -> Result<(), IamError> {
        let id = &self.find::<User>(account, user)?.id;
        if self.mfa_device(account, serial)?.user_id.as_ref() != Some(id) {
            return Err(IamError::NoSuchMfaDevice {
                serial: serial.to_owned(),
            });
        }
        self.edit_mfa_device(account, serial, |device| {
            (device.user_id, device.enabled) = (None, None);
            Ok(())
        })
    }

    /// Deletes a device that is nobody's.
    ///
    /// # Errors
    /// [`IamError::NoSuchMfaDevice`], [`IamError::MfaDeviceInUse`].
    pub fn delete_mfa_device(&mut self, account: &AccountId, serial: &str) -> Result<(), IamError> {
        if self.mfa_device(account, serial)?.user_id.is_some() {
            return Err(IamError::MfaDeviceInUse);
        }
        self.account_mut(account)?.mfa_devices.remove(serial);
        Ok(())
    }

    /// Takes a code of one of a user's devices, which is then not taken again.
    ///
    /// # Errors
    /// [`IamError::NoSuchMfaDevice`] where the user has no such device; [`IamError::InvalidAuthenticationCode`] where the
    /// code is another, or was taken before.
    pub fn use_mfa_code(
        &mut self,
        account: &AccountId,
        user_id: &str,
        serial: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<(), IamError> {
        let device = self.mfa_device(account, serial)?;
        if device.user_id.as_deref() != Some(user_id) {
            return Err(IamError::NoSuchMfaDevice {
                serial: serial.to_owned(),
            });
        }
        let period = totp::verify(&device.seed.0, code, now)
            .filter(|period| device.last_period.is_none_or(|last| *period > last))
            .ok_or(IamError::InvalidAuthenticationCode)?;
        self.edit_mfa_device(account, serial, |device| {
            device.last_period = Some(period);
            Ok(())
        })
    }

    pub(super) fn edit_mfa_device(
        &mut self,
        account: &AccountId,
        serial: &str,
        change: impl FnOnce(&mut MfaDevice) -> Result<(), IamError>,
    ) -> Result<(), IamError> {
        let mut device = self.mfa_device(account, serial)?.as_ref().clone();
        change(&mut device)?;
        let account = self.account_mut(account)?;
        account.mfa_devices.insert(serial.to_owned(), Arc::new(device));
        Ok(())
    }
}
