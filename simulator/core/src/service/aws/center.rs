//! The Identity Center as calls change it.

use super::error::AwsError;
use crate::aws::identity_center::IdentityCenter;
use crate::world::World;

/// Takes the Identity Center out of the World for a change.
pub(super) fn in_center<T>(
    world: &mut World,
    change: impl FnOnce(&mut IdentityCenter, &mut World) -> T,
) -> Result<T, AwsError> {
    let mut center = world.identity_center.take().ok_or_else(AwsError::no_identity_center)?;
    let answer = change(&mut center, world);
    world.identity_center = Some(center);
    Ok(answer)
}
